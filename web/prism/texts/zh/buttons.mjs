/** The buttons below the cards: what they say, and what they do.
 *
 * @type {typeof import("../en/buttons.mjs").buttons}
 */

export const buttons = {
  keep: { label: () => "继续所选", hint: "完成选中的候选，淘汰其余的（回车键）。" },
  best: { label: () => "采用评分头的选择", hint: "由评分头决定，与没有您参与时一样。" },
  more: { label: () => "保留所选并再试一批", hint: "完成选中的候选，并在其后排入一次使用新种子的运行。" },
  all: { label: () => "全部保留", hint: "一个也不淘汰，完成所有候选。" },
  stop: { label: () => "停止", hint: "结束这次运行，什么也不保留。" },
  lock: { label: () => "锁定", hint: "把保留的候选和种子写入控件：之后运行只会生成同样的这些。" },
  unlock: { label: () => "解锁", hint: "清空“指定保留”控件：下次运行会重新提供候选。" },
  compare: { label: () => "对比", hint: "并排放大查看两个候选（在卡片上按 C）。" },
};
