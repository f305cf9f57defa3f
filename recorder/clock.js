// Everything that loops on the page moves by the film's clock instead of the machine's, so that a film is as smooth
// from a slow machine as from a fast one. CSS animations are set to a time; animated pictures (`img`) are taken apart
// and shown frame by frame.
window.prismClock = {
  clips: new WeakMap(),

  /** @param {HTMLImageElement} image @returns {Promise<{ urls: string[], ends: number[] } | null>} */
  async open(image) {
    const answer = await fetch(image.src);
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
    const source = image.src;
    if (!source.startsWith("blob:")) this.clips.set(image, await this.open(image).catch(() => null));
    const clip = this.clips.get(image);
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
