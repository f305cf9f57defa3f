"""PRISM for ComfyUI: score noisy candidates by the video model's own features, finish only the best.

Outside ComfyUI this module does nothing, so that tests and training can import what lies below it.
"""

from importlib.util import find_spec

if find_spec("comfy_api") is not None:
    from comfy_api.latest import ComfyExtension, io

    from .nodes import file_record, folders
    from .nodes.best_of_n import PrismBestOfN
    from .nodes.chart import PrismScoreChart
    from .nodes.heads import PrismLoadHead
    from .nodes.ksampler import PrismKSampler
    from .nodes.panel.pages import server
    from .nodes.pick import PrismPick
    from .nodes.pruning import PrismPruneLatents, PrismSplitCandidates
    from .nodes.run_report import PrismRunReport
    from .nodes.scoring import PrismScoreLatents
    from .nodes.shapes import PrismShapesPrompt
    from .nodes.trial import PrismTrial

    NODES: list[type[io.ComfyNode]] = [
        PrismLoadHead,
        PrismBestOfN,
        PrismKSampler,
        PrismRunReport,
        PrismScoreLatents,
        PrismPruneLatents,
        PrismSplitCandidates,
        PrismPick,
        PrismTrial,
        PrismScoreChart,
        PrismShapesPrompt,
    ]

    class PrismExtension(ComfyExtension):
        """What ComfyUI asks the pack for."""

        async def on_load(self) -> None:
            folders.register()
            file_record.register()
            if server() is not None:    # routes bring a web server's modules, which a running one has loaded
                from .nodes.panel import routes
                routes.register()

        async def get_node_list(self) -> list[type[io.ComfyNode]]:
            return NODES

    async def comfy_entrypoint() -> PrismExtension:
        return PrismExtension()

WEB_DIRECTORY = "./web"
