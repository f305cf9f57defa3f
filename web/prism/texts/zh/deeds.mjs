/** What came of the artist's wishes, and what stood in their way.
 *
 * @type {typeof import("../en/deeds.mjs").deeds}
 */

export const deeds = {
  nobody: "请先至少选择一个候选。",
  busy: "回答正在发送，或者无法连接 ComfyUI。",
  nothingToRepeat: "这次运行没有留下可以重现的内容。",
  noAnswer: "ComfyUI 没有响应。请确认它仍在运行，然后再试。",
  badAnswer: ({ status }) => `ComfyUI 返回了 ${status}。`,
  lost: "ComfyUI 已不认识这次运行，可能是重新启动过。",
  rankOne: "请至少选出最好的片段。",
  nodeGone: "这次运行的节点已不在图中。请撤销删除，然后再试。",

  keptNotOurs: "此节点的“指定保留”（kept）输入连接着 PRISM 无法设置的内容。请断开连接，然后再锁定。",
  noSeedForMore: "PRISM 在此节点之后没有找到自带种子的采样器。您选择的候选正在完成；想要更多，请更改种子后再运行。",
  seedTooLarge: ({ seed, most }) =>
    `${seed ? `种子 ${seed}` : "这次运行的种子"}无法写入控件：浏览器最多只能精确到 ${most}。要锁定运行，请使用更小的种子。`,

  queued: ({ seed }) => `已排入一次使用新种子的运行，种子从 ${seed} 开始。`,
  locked: ({ replay, seeds }) =>
    `已锁定为 ${replay}；种子已固定：${seeds.map(({ node, seed }) => `${node} 为 ${seed}`).join("，")}。`,
  lockedWithoutSeed: ({ replay, seed }) =>
    `已锁定为 ${replay}。PRISM 在此节点之后没有找到自带种子的采样器，请自行把种子设为${seed ? ` ${seed}` : "这次运行的种子"}。`,
  replaySet: ({ row, kept, seeds, seed, group }) => [
    `已设为候选 ${row}（${kept}）。按“运行”即可生成。`,
    ...seeds.map((each) => `${each.node} 的种子为 ${each.seed}，已固定。`),
    seeds.length ? "" : `PRISM 没有找到自带种子的采样器，请自行把种子设为${seed ? ` ${seed}` : "这次运行的种子"}。`,
    group > 1 ? `单独生成时，舍入可能与当时 ${group} 个一组略有不同，肉眼看不出。` : "",
  ].filter(Boolean).join(""),

  watchQueued: "已加入队列：用同样的候选运行一次，不淘汰任何一个。您的设置保持不变。",
  noSeedToWatch: "PRISM 在此节点之后没有找到带种子的采样器，因此无法再次生成同样的候选。",
  chooseNotOurs: "此节点的“由谁选择”或“指定保留”输入连接到了 PRISM 无法设置的东西。请断开连接后重试。",
};
