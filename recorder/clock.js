// Everything that loops on the page moves by the film's clock instead of the machine's, so that a film is as smooth
// from a slow machine as from a fast one. CSS animations are set to a time; animated pictures (`img`) are taken apart
// and shown frame by frame.
window.prismClock = {
  /** @type {Map<string, { urls: string[], ends: number[] } | null>} by address */
  clips: new Map(),
  /** @type {WeakMap<HTMLImageElement, string>} what a picture's address was before */
  sources: new WeakMap(),

  /** @param {string} source @returns {Promise<{ urls: string[], ends: number[] } | null>} null for what stands still */
  async open(source) {
    const answer = await fetch(source, { signal: AbortSignal.timeout(2000) }); // the server may be held
    const type = answer.headers.get("content-type") ?? "";
    if (!type.includes("webp")) return null;
    const decoder = new ImageDecoder({ data: await answer.arrayBuffer(), type });
    await decoder.tracks.ready;
    const urls = [], ends = [];
    for (let index = 0, time = 0; index < decoder.tracks.selectedTrack.frameCount; index += 1) {
      const { image: frame } = await decoder.decode({ frameIndex: index });
      const canvas = new OffscreenCanvas(frame.displayWidth, frame.displayHeight);
      canvas.getContext("2d").drawImage(frame, 0, 0);
      urls.push(URL.createObjectURL(await canvas.convertToBlob()));
      ends.push(time += frame.duration / 1000);
      frame.close();
    }
    return urls.length > 1 ? { urls, ends } : null;
  },

  /** @param {HTMLImageElement} image @param {number} ms */
  async show(image, ms) {
    if (!image.src.startsWith("blob:")) this.sources.set(image, image.src);
    const source = this.sources.get(image);
    if (!source) return;
    if (!this.clips.has(source)) {
      const clip = await this.open(source).catch(() => undefined);
      if (clip === undefined) return;
      this.clips.set(source, clip);
    }
    const clip = this.clips.get(source);
    if (!clip) return;
    const time = ms % clip.ends.at(-1);
    image.src = clip.urls[clip.ends.findIndex((end) => time < end)];
    await image.decode().catch(() => {});
  },

  /** Show the page as it is at a time of the film. @param {number} ms */
  async set(ms) {
    for (const animation of document.getAnimations()) {
      const { iterations } = animation.effect?.getComputedTiming() ?? {};
      if (iterations !== Infinity) continue;
      animation.pause();
      animation.currentTime = ms;
    }
    const images = [...document.querySelectorAll("img")].filter((image) => image.complete && image.naturalWidth);
    await Promise.all(images.map((image) => this.show(image, ms)));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  },
};
