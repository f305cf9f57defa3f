/** Two candidates side by side.
 *
 * @type {typeof import("../en/compare.mjs").compare}
 */

export const compare = {
  title: "对比两个候选",
  side: { left: "左侧候选", right: "右侧候选" },
  because: (fate, why) => `${fate}：${why}`,
  use: "使用这个候选",
  useWaiting: "只保留这个候选并继续。",
  useFinished: "设置控件，使“运行”正好生成这个候选。",
  sampling: "运行尚未结束：请等到它询问您，或等它结束。",
  gone: (row) => `候选 ${row} 已不在这次运行中。运行结束后，可以从这里重新生成它。`,
  noReplay: "这次运行没有完成，因此没有可以重现的内容。",
  play: "播放（空格）",
  pause: "暂停（空格）",
  swap: "左右互换（X）",
  close: "关闭对比（Esc）",
  frame: "帧",
  frameOf: (frame, frames) => `第 ${frame} 帧，共 ${frames} 帧`,
  playing: "正在播放",
  advice: "按键：方向键切换候选，空格播放，逗号和句号逐帧移动，X 左右互换，Esc 关闭。",
};
