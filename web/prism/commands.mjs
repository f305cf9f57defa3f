/**
 * What the command palette, the menu and key bindings can have done. Labels are English here, as the front end wants
 * them; locales/ holds those of other languages. Keys go with Shift, which none of the front end's own do alone.
 *
 * @typedef {"go" | "keep" | "compare" | "lock"} Deed
 * @typedef {{ id: string, deed: Deed, label: string, icon: string, key: string }} Command
 */

/** @type {Command[]} */
export const COMMANDS = [
  { id: "PRISM.GoToWaiting", deed: "go", label: "PRISM: Go to the run that waits for you", icon: "pi pi-bell", key: "g" },
  { id: "PRISM.Continue", deed: "keep", label: "PRISM: Continue with the chosen candidates", icon: "pi pi-check", key: "k" },
  { id: "PRISM.Compare", deed: "compare", label: "PRISM: Compare two candidates", icon: "pi pi-images", key: "c" },
  { id: "PRISM.Lock", deed: "lock", label: "PRISM: Lock what was kept", icon: "pi pi-lock", key: "l" },
];
