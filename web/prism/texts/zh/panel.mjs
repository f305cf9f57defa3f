/** Around the cards.
 *
 * @type {typeof import("../en/panel.mjs").panel}
 */

export const panel = {
  title: "PRISM 候选",
  candidates: "候选",
  notes: "提示",
  runs: "此节点的历次运行",
  older: "更早的一次运行",
  newer: "更晚的一次运行",
  position: (run, runs) => `第 ${run} 次，共 ${runs} 次`,

  choose: "点击选择，Shift+点击可固定或排除。按键：方向键、空格、数字、P（固定）、B（排除）、回车。",
  mark: "点击一次固定，两次排除。",
  markNext: "点击一次，下次运行时固定；两次则排除。",
};
