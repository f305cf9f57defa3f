"""What the server tells pages about runs, and what people decide there."""
