/** Of candidates: lists of them, and what their cards say.
 *
 * @type {typeof import("../en/cards.mjs").cards}
 */

export const cards = {
  named: (rows) => `候选 ${rows}`,
  counted: (count) => ` ${count} 个候选`,
  nobody: " 0 个",
  list: (rows) => rows.join("、"),

  kept: "已保留",
  dropped: "已淘汰",
  droppedAt: (step) => `第 ${step} 步淘汰`,
  wouldKeep: "本会保留",
  imaginedAt: (step) => `本会在第 ${step} 步淘汰`,
  unfinished: "未完成",
  leftOut: "未生成",

  droppedBadge: (step) => ["淘汰于", `第 ${step} 步`],
  imaginedBadge: (step) => ["本会淘汰于", `第 ${step} 步`],
  pinnedChosenBadge: () => ["固定，", "已选"],
  pinned: "固定",
  banned: "排除",
  chosen: "已选",
  noPicture: "暂无画面",
  seed: (seed) => `种子 ${seed}`,

  candidate: (row) => `候选 ${row}`,
  score: (score) => `得分 ${score}`,
  rank: (rank, of) => (of ? `排名第 ${rank}，共 ${of} 个` : `排名第 ${rank}`),
  space: { none: "按空格固定", pin: "按空格排除", ban: "按空格取消" },
  facts: (facts) => facts.join("，"),
};
