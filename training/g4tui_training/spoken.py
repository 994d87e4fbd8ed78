"""Numbers as a person reads them."""


def several(number: int, what: str) -> str:
    """`1 row`, `4,376 rows`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def money(usd: float) -> str:
    """`$212`, `$5.80`, `$0.0004`."""
    if usd >= 20:
        return f"${usd:,.0f}"
    if usd >= 0.1 or usd == 0:
        return f"${usd:.2f}"
    return f"${usd:.2g}" if usd < 0.001 else f"${usd:.4f}"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 05 min`, `26 h`, `3.0 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 10 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"
