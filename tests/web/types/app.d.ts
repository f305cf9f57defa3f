/** What /scripts/app.js exports, as far as PRISM uses it: the published types and what they leave out. */
import type { ComfyApp, ComfyExtension, DOMWidget, DOMWidgetOptions } from "@comfyorg/comfyui-frontend-types";

/** A graph: the root one or a subgraph's. */
export type Graph = ComfyApp["rootGraph"];
type PublishedNode = NonNullable<ReturnType<Graph["getNodeById"]>>;
export type Widget = NonNullable<PublishedNode["widgets"]>[number];

/** A node on the canvas, with what ComfyUI adds to litegraph's. */
export type Node = PublishedNode & {
    addDOMWidget<T extends HTMLElement, V extends object | string = string>(
        name: string, type: string, element: T, options?: Partial<DOMWidgetOptions<V>> & { serialize?: boolean },
    ): DOMWidget<T, V> & {
        serialize?: boolean;
        computeLayoutSize?(node: Node): { minHeight: number; maxHeight?: number; minWidth: number; maxWidth?: number };
    };
};

type Data = "name" | "commands" | "keybindings" | "menuCommands" | "bottomPanelTabs" | "aboutPageBadges"
    | "topbarBadges" | "actionBarButtons";
type Hooks = "init" | "setup" | "addCustomNodeDefs" | "getCustomWidgets" | "beforeRegisterNodeDef"
    | "beforeConfigureGraph" | "afterConfigureGraph" | "getCanvasMenuItems" | "getSelectionToolboxCommands";

type Setting = NonNullable<ComfyExtension["settings"]>[number];
/** The published type knows no settings but ComfyUI's own. */
type OurSetting = Omit<Setting, "id"> & { id: `PRISM.${string}` };

/** The published type takes any other name as well, so that a misspelt hook would go unnoticed. */
export type Extension = Pick<ComfyExtension, Data | Hooks> & {
    settings?: OurSetting[];
    nodeCreated?(node: Node, app: ComfyApp): void;
    loadedGraphNode?(node: Node, app: ComfyApp): void;
    getNodeMenuItems?(node: Node): ReturnType<NonNullable<ComfyExtension["getNodeMenuItems"]>>;
};

export declare const app: Omit<ComfyApp, "registerExtension"> & { registerExtension(extension: Extension): void };
