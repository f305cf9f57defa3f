/** Previews, in ComfyUI's settings.
 *
 * @type {typeof import("../en/previews.mjs").previews}
 */

export const previews = {
  size: "长边最多",
  pixels: "像素",
  rate: "每秒最多",
  aSecond: "张新画面",
  about: "默认为 128 像素、每秒 10 张，从下次运行起生效。只有预览本身更精细时（如使用 TAESD），更大的尺寸才看得更清楚。" +
    "PRISM 只把运行时间的大约 0.5% 花在预览上。",
};
