/** What /scripts/api.js exports: the published types, which know no messages but ComfyUI's own. */
import type { ComfyApi } from "@comfyorg/comfyui-frontend-types";

interface OurMessages {
    addEventListener(type: `prism.${string}`, listener: (event: CustomEvent<unknown>) => void): void;
    removeEventListener(type: `prism.${string}`, listener: (event: CustomEvent<unknown>) => void): void;
}

export declare const api: OurMessages & ComfyApi;
