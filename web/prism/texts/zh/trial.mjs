/** Of blind trials.
 *
 * @type {typeof import("../en/trial.mjs").trial}
 */

export const trial = {
  title: "PRISM 盲评",
  clips: "待排名的片段",

  idle: "点击“运行”：所有候选都会完成，然后由您在这里盲评排名，事先看不到哪个是哪个。",
  decoding: (done, count) => `正在解码片段：${done}/${count}。`,
  decodingAll: "正在解码片段。",
  adding: "正在统计。",
  ask: (count) => `这 ${count} 个片段里哪个最好？请从最好到最差依次点击。`,
  ranked: (ranked, count) => (ranked < count ? `已排 ${ranked} 个，共 ${count} 个；其余并列最后。` : `${count} 个已全部排好。`),
  sent: "您的排名正在发送。",
  bestKept: "PRISM 会保留您认为最好的片段。",
  bestDropped: "PRISM 本会淘汰您认为最好的片段。",
  unranked: "没有人给这些片段排名，因此无从比较。",
  stopped: "已停止，没有排名。",
  failed: "盲评失败。",

  advice: "点击一次排下一名，再点一次取消；Shift+点击：与前一个一样好。按键：字母、方向键、空格、=、退格。",
  buttons: { done: "完成", over: "重新开始", skip: "跳过" },
  hints: { done: "提交排名，并查看 PRISM 本来会怎么做。", over: "清除所有名次。", skip: "不排名，继续运行。" },

  place: (place) => `#${place}`,
  candidate: (row, seed) => (seed ? `候选 ${row}，种子 ${seed}` : `候选 ${row}`),
  kept: "PRISM 会保留",
  dropped: (step) => `本会在第 ${step} 步淘汰`,

  clip: (letter) => `片段 ${letter}`,
  placed: (place, shared) => (shared ? `并列第 ${place} 名` : `第 ${place} 名`),
  unplaced: "尚未排名",

  chance: (keep, count, chance) => `从 ${count} 个中随机保留 ${keep} 个，保住您最爱的概率是 ${chance}。`,
  pairs: (agreed, count) => `${count} 对“保留与淘汰”的片段中，有 ${agreed} 对您也把保留的排得更高；随机为 ${count / 2} 对。`,
  ordered: (agreed, count) => `${count} 对片段中，评分与您的先后一致的有 ${agreed} 对；随机为 ${count / 2} 对。`,
  saved: (share, time) => `本可节省 ${share} 的工作量，约 ${time}。`,
  costsMore: (share) => `反而会多花 ${share}：这里评分的开销超过了节省。`,
  oneTrial: "一次盲评说明不了多少。请换别的提示词和种子多做几次。",
  totals: (kept, trials, low, high, chance) =>
    `用此评分头做的 ${trials} 次盲评中，有 ${kept} 次保住了您最爱的片段（95 % 区间：${low} 至 ${high}；随机：${chance}）。`,
  seconds: (amount) => `${amount} 秒`,
  minutes: (amount) => `${amount} 分钟`,
};
