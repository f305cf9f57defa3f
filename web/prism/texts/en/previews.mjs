/** Previews, in ComfyUI's settings. */

export const previews = {
  size: "Longer side at most",
  pixels: "pixels",
  rate: "At most",
  aSecond: "new pictures a second",
  about: "128 pixels and 10 a second unless you change it; from the next run on. Larger ones show more only where " +
    "there is more to be seen, as with TAESD previews. PRISM spends about half a percent of a run's time on them.",
};
