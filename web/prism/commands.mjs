/**
 * What the command palette, the menu and key bindings can have done. Labels are English here, as the front end wants
 * them; locales/ holds those of other languages. Keys go with Shift, which none of the front end's own do alone.
 *
 * @typedef {"go" | "keep" | "compare" | "lock"} Deed
 * @typedef {{ id: string, deed: Deed, label: string, icon: string, key: string }} Command
 */

/** @type {Command[]} */
export const COMMANDS = [
  { id: "PRISM.GoToWaiting", deed: "go", key: "g", icon: "pi pi-bell",
    label: "PRISM: Go to the run that waits for you" },
  { id: "PRISM.Continue", deed: "keep", key: "k", icon: "pi pi-check",
    label: "PRISM: Continue with the chosen candidates" },
  { id: "PRISM.Compare", deed: "compare", key: "c", icon: "pi pi-images",
    label: "PRISM: Compare two candidates" },
  { id: "PRISM.Lock", deed: "lock", key: "l", icon: "pi pi-lock",
    label: "PRISM: Lock what was kept" },
];
