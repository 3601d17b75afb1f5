"""One module for each resource. A router translates; what may be done and how is decided below."""
