// Gives the precompiled header a target of its own, which every module of model/ reuses.
