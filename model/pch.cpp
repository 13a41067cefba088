// Gives a precompiled header a target of its own, which others reuse.
