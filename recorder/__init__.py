"""Pictures of PRISM at work: a real ComfyUI in a real browser, filmed for the help pages, the README and templates."""
