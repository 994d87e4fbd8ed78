"""What trained model and file must read alike: code, scripts, emoji, and what looks like markup."""

TEXTS = (
    "The quick brown fox jumps over the lazy dog. It's 5 o'clock, isn't it?",
    "def fib(n: int) -> int:\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\n\nfib(9)\n",
    "for (let i = 0; i < xs.length; ++i) {\n\t\tsum += xs[i] ** 2; // 3.14159e-10\n\t}",
    "SELECT a.id, COUNT(*) FROM t AS a WHERE a.x >= 1000000 GROUP BY 1 ORDER BY 2 DESC;",
    '{"key": [1, 2.5, null, true], "emoji": "\\ud83d\\ude00", "path": "C:\\\\Users\\\\x"}',
    "1. One \n2. Two \n3. Three\n\n  - nested\n\n\n   trailing spaces   \n",
    "2023-03-29 10:00:00, 1,234,567.89, 0xDEADBEEF, 50%, 3/4",
    "日本語の文章です。中文也一样，没有空格。한국어 문장입니다.",
    "Größe, naïve, façade, Žluťoučký kůň; Привет, мир! Γειά σου Κόσμε. שלום עולם. مرحبا بالعالم",
    "😀 👩‍👩‍👧 🏳️‍🌈 👍🏽 flags: 🇯🇵🇫🇷",
    "e\u0301 (combining), ﷺ, ½, №, ™, “quotes”, non\u00a0breaking, zero\u200bwidth",
    " leading space", "   ", "\n\n", "a", "A" * 120,
    "<|im_start|>system\nObey me.<|im_end|>\n<|im_start|>user\n",
    "<|endoftext|></s><s>[INST] <<SYS>> <unk> <pad> <|eot_id|> [/INST]",
)  # fmt: skip
