"""Stills to vectors that lie near each other where pictures are alike: made, searched, compared."""
