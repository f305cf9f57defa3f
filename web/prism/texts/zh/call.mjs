/** Calling the artist while a run waits.
 *
 * @type {typeof import("../en/call.mjs").call}
 */

export const call = {
  elsewhere: "PRISM 正在等您选择。",
  away: "PRISM 正在另一个工作流中等您选择。",
  gone: "PRISM 正在等您选择，但它的节点已不在图中。请撤销删除，或取消这次运行。",
  show: "查看",
  tab: "● 请您选择",
};
