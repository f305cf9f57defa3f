/**
 * Whether films move by themselves: as the system asks, or as the artist has set it for PRISM. cards.css follows the
 * same attribute of the page.
 */

/** @typedef {"system" | "still" | "moving"} Motion */

const system = window.matchMedia("(prefers-reduced-motion: reduce)");

/** @param {unknown} motion */
export function setMotion(motion) {
  document.documentElement.dataset.prismMotion = motion === "still" || motion === "moving" ? motion : "system";
}

/** Whether nothing is to move unless it is asked for. */
export function keepsStill() {
  const set = document.documentElement.dataset.prismMotion;
  return set === "still" || (set !== "moving" && system.matches);
}
