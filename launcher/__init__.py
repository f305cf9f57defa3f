"""What run.py does: environment, ComfyUI, server, demo. Python standard library only.

Nothing here is imported by the node pack, and nothing here imports torch or ComfyUI.
"""
