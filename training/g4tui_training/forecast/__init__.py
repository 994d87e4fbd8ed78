"""What a run will take, told without running it: nothing is downloaded, no model is loaded."""
