/** The recorded choices, in ComfyUI's settings.
 *
 * @type {typeof import("../en/picks.mjs").picks}
 */

export const picks = {
  none: "还没有记录任何选择。",
  stored: (count, size) => `${count.toLocaleString("zh-CN")} 次选择，${size}。`,
  kept: "它们只保存在这台电脑上，供训练评分头使用。",
  off: "记录已关闭。",
  record: "记录我保留、淘汰、固定和排除了哪些",
  limit: "最多占用",
  export: "导出为一个文件",
  remove: "全部删除…",
  confirm: "确认",
  warning: "删除后无法恢复。",
  sure: "删除",
  spare: "保留",
};
