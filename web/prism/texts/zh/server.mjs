/** What the server says of runs, by code: its reasons, notes and refusals.
 *
 * @type {typeof import("../en/server.mjs").server}
 */

export const server = {
  // Why a candidate was dropped
  rank: ({ rank, count, step }) => `第 ${step} 步排名第 ${rank}，共 ${count} 个`,
  alike: ({ rank, row }) => `${rank}，与候选 ${row} 最相似`,
  outrun: ({ percent, rival, rank }) => `胜过候选 ${rival} 的可能性为 ${fixed(percent, 0)}%，${rank}`,
  banned: ({ step }) => `第 ${step} 步之前被排除`,
  madeRoom: ({ step }) => `第 ${step} 步为固定的候选让位`,
  notChosen: "未被选中",
  notChosenAt: ({ step }) => `第 ${step} 步未被选中`,
  notNamed: "未在“指定保留”（kept）中列出",

  // Why a head should not be trusted, as part of the notes that follow
  untrained: ({ low, high }) => `评分头是针对 sigma ${brief(low)} 到 ${brief(high)} 训练的`,
  coin: "评分头在那里并不比抛硬币更准",

  // What a run notes
  pruningWaits: ({ step, sigma, doubt, later, later_sigma }) =>
    `第 ${step} 步的 sigma 为 ${fixed(sigma)}，但${doubt}。淘汰推迟到第 ${later} 步，sigma ${fixed(later_sigma)}。`,
  raceWaits: ({ step, sigma, doubt, later }) =>
    `第 ${step} 步的 sigma 为 ${fixed(sigma)}，但${doubt}。racing 会等到第 ${later} 步。`,
  scoresGuess: ({ step, sigma, doubt }) =>
    `第 ${step} 步的 sigma 为 ${fixed(sigma)}，但${doubt}；那里的评分只是猜测。请更早淘汰。`,
  allBanned: "所有候选都被排除了，因此未理会这些排除。",
  noFeatures: "评分头没有给出可用来区分候选的特征，因此只按评分决定。",
  lora: "模型带有 LoRA 或其他权重补丁，而评分头的可靠度是在没有它们的情况下测量的。",
  lazyCache: "LazyCache 按所有候选的平均值做决定，因此入选的片段可能与不淘汰时略有不同。",
  guidance: ({ file }) =>
    `PRISM 不认识引导函数${file ? ` ${file}` : ""}：如果它一次测量整个批次，入选的片段会与不淘汰时不同。`,
  oneByOne: "某个节点（例如 NAG）替换了模型的交叉注意力，可能会把同批的其他候选当作负面提示词，" +
    "因此候选会逐个通过模型。可用“同批数量”（group）更改。",
  continues: "这次采样是在继续一个片段，而不是生成新的，因此没有从中生成候选。想尝试多个，请复制 Latent（复制Latent批次）。",
  otherRows: ({ rows, count }) => `某个节点以 ${rows} 行而不是 ${count} 行调用了模型，那次调用没有淘汰。`,
  neverCalled: ({ step }) => `采样器没有在第 ${step} 步调用模型，因此那里没有淘汰。`,
  decidedByLast: ({ step, last }) => `采样器没有在第 ${step} 步调用模型，因此由第 ${last} 步的评分决定。`,
  noColours: "ComfyUI 没有这个模型的预览颜色。预览显示的是各 Latent 差别最大的三个方向：形状和运动是对的，颜色和亮度不是。",
  noPreviews: ({ problem }) => `这次运行不再有预览：${problem}`,
  blind: "PRISM 盲评要保密：片段排好名次之后，这里才显示评分。",
  rankedBefore: ({ day }) =>
    `您在 ${day} 给这些片段排过名，这里再次显示当时的排名。想重新排名，请把“询问”（ask）设为 always。`,
  rankedAgain: "您在以前的盲评中见过这些片段，因此这次排名不记录，也不计入统计。",
  notRecorded: ({ problem }) => `这次选择没有记录下来供训练使用：${problem}`,
  notFinished: ({ problem }) => `完成的片段没有记录下来供训练使用：${problem}`,

  // What it refuses
  tooLate: "这次运行已不再等待这个回答：别人已经回答，它自行继续了，或者已被停止。",
  noHead: "这次运行没有评分头，无法采用它的选择。请指定要保留的候选。",
  answered: "别人已经回答了。",
  notAsked: ({ row, rows }) => `候选 ${row} 不在所问的候选之中：${rows}。`,
  wrongAnswer: ({ action, actions }) => `这次运行不能用“${action}”来回答，只能用：${actions}。`,
  markTrial: "盲评中的片段用来排名，不能标记。",
  markOver: ({ row }) => `无法标记候选 ${row}：运行已经结束。`,
  markDead: ({ row }) => `无法标记候选 ${row}：它已被淘汰。`,
  forgotten: "这次运行已不在记录中。",
  unknownRun: "找不到这次运行：它早已结束，或者 ComfyUI 在那之后重新启动过。",
};

/** @param {unknown} value @param {number} [digits] */
const fixed = (value, digits = 3) => Number(value).toFixed(digits);
/** @param {unknown} value */
const brief = (value) => String(Number(Number(value).toPrecision(3)));
