/** Why a command did nothing.
 *
 * @type {typeof import("../en/commands.mjs").commands}
 */

export const commands = {
  go: "没有运行在等您。",
  keep: "没有运行在等您，因此没有可以继续的内容。",
  compare: "还没有两个带画面的候选。",
  lock: "此节点还没有完成的运行，因此没有可以锁定的内容。",
};
