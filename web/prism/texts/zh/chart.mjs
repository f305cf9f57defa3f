/** The chart: what its lines mean, what a cut costs and risks, and what can be asked of it.
 *
 * @type {typeof import("../en/chart.mjs").chart}
 */
export const chart = {
  title: "何时淘汰",
  details: "详细数据",

  legend: {
    score: () => "候选的得分（左轴）",
    dropped: () => "已淘汰",
    kept: () => "已保留",
    wouldKeep: () => "在标记处会被保留",
    chance: (keep, candidates) => `${candidates} 个中保留 ${keep} 个时，10 次中留住最佳的次数及其可靠程度（右轴）`,
    cost: () => "所需时间，以全部完成的十分之几计（右轴）",
  },
  picture: (candidates, steps, scored) =>
    `${candidates} 个候选在 ${steps} 步中的得分；${scored ? `在 ${scored} 步上评过分` : "未评分"}。`,

  cut: (number, cuts) => (cuts > 1 ? `第 ${number} 次淘汰的步数，共 ${cuts} 次` : "淘汰的步数"),
  cutAt: (step, steps, keep) => `第 ${step} 步，共 ${steps} 步，保留 ${keep} 个`,
  cutFixed: "在淘汰计划中以百分比或 sigma 写定，不能在此移动",
  sentences: (parts) => parts.join("。"),
  sentence: (words) => `${words}。`,

  seconds: (number) => `${number} 秒`,
  minutes: (number) => `${number} 分钟`,
  hours: (hours, minutes) => `${hours} 小时 ${minutes} 分钟`,

  line: (heading, cost) => `${heading}：${cost}。`,
  keeping: (cuts) => cuts.map(([step, keep]) => `第 ${step} 步后保留 ${keep} 个`).join("，再"),
  takes: (taken, saved, all, share) => `约需 ${taken}，比全部完成的 ${all} 节省 ${saved}（${share} %）`,
  takesLeast: (taken, all) => `至少需 ${taken}，全部完成需 ${all}；候选变少后要多久，还没有运行测过`,
  takesMore: (taken, more, share) => `约需 ${taken}，比一个不淘汰还多 ${more}（${share} %）`,
  takesSame: (taken) => `约需 ${taken}，与一个不淘汰相同`,
  costs: (clips, candidates, share) => `相当于完成 ${candidates} 个中的 ${clips} 个，节省 ${share} %`,
  costsMore: (clips, candidates, share) => `相当于完成 ${candidates} 个中的 ${clips} 个，比一个不淘汰还多 ${share} %`,
  thisRun: (taken, saved, all) => `这次运行用了 ${taken}，节省约 ${saved}：全部完成大约需要 ${all}。`,
  thisRunAll: (taken) => `这次运行用了 ${taken}，完成了所有候选。`,
  thisRunNothing: (taken) => `这次运行用了 ${taken}；全部完成也不会更久。`,
  fewSteps: (steps, keep, share) => (share > 0
    ? `只有 ${steps} 步时，最早在第 1 步淘汰、保留 ${keep} 个可节省 ${share} %，越晚越少。`
    : `只有 ${steps} 步时，保留 ${keep} 个并不节省时间。`),

  keeps: (keep, candidates, often) => `在此处 ${candidates} 个中保留 ${keep} 个，${often}留住最佳`,
  firstKeeps: (keep, candidates, often) =>
    `第一次淘汰（${candidates} 个中保留 ${keep} 个）${often}留住最佳；之后的淘汰只会更低`,
  allKeep: (often) => `几次淘汰合起来，${often}留住最佳`,
  orKeeping: (keep, often) => `；保留 ${keep} 个则${often}`,
  often: (tenths) => `10 次中约 ${tenths} 次`,
  oftenShort: (tenths) => `约 ${tenths} 次`,
  nearlyAll: "几乎每次都",
  nearlyAllShort: "几乎每次",
  seldom: "10 次中不到 1 次",
  noHead: "没有评分头，就无从知道多常能留住最佳。",
  notMeasured: "这个评分头的可靠程度没有测过，因此无从知道多常能留住最佳。",
  otherCount: (had, wanted) => `这次运行有 ${had} 个候选；${wanted} 个时多常能留住最佳，运行一次后才知道。`,
  notHere: (step) => `在第 ${step} 步无从知道多常能留住最佳：评分头没有在这么早或这么晚的步数上测过。`,
  lora: (names) => `这个评分头没有和${names.length > 1 ? "这些" : "这个"} LoRA 一起测过` +
    `${names.some(Boolean) ? `（${names.filter(Boolean).join("，")}）` : ""}：判断正确的比例可能不同。`,

  survivors: (names, inTheEnd, byScores) =>
    `${byScores ? "只看得分，" : ""}这次运行${inTheEnd ? "最后" : "在此处"}会保留${names}。`,
  unknownDropped: (step) => `会保留谁还不知道：到第 ${step} 步时，有些候选已被淘汰。`,
  unknownUnscored: (step) => `会保留谁还不知道：在第 ${step} 步并非所有候选都评过分。`,

  unreadable: "淘汰计划无法读取。请写成“2:4, 5:2”这样的形式：步数和保留数量。",
  outside: (steps, step) => `这次运行有 ${steps} 步：淘汰可在第 1 到 ${steps - 1} 步，不能在第 ${step} 步。请移动标记。`,
  order: "淘汰计划中的淘汰落在同一步或前后颠倒。请把标记分开。",
  nobody: (candidates) => `谁也不会被淘汰：每次淘汰至少保留 1 个，并且少于开始时的 ${candidates} 个或上一次留下的数量。`,

  watch: "全部观察一次",
  watchHint: "用同样的候选再运行一次，一个也不淘汰，图中就能看出在任何一步会保留谁。所有候选都会完成；您的设置保持不变。",

  suggestTitle: "建议何时淘汰",
  wish: "您的要求",
  wishTime: "最多花费",
  wishChance: "留住最佳，至少",
  amount: "多少",
  unitMinutes: "分钟",
  unitSeconds: "秒",
  unitChance: "次（每 10 次）",
  suggest: "建议",
  replace: "替换淘汰计划",
  suggested: (step, keep, facts) => `已设为：第 ${step} 步后保留 ${keep} 个${facts && `（${facts}）`}。`,
  schedule: (schedule) => `原来的淘汰计划“${schedule}”已被替换；撤销即可恢复。`,
  wouldReplace: (step, keep, facts, schedule) =>
    `第 ${step} 步后保留 ${keep} 个${facts && `（${facts}）`}。这会替换您的淘汰计划“${schedule}”：再按一次即可。`,
  nothingMeets: (step, keep, facts) =>
    `没有一次淘汰能满足这个要求。最接近的是第 ${step} 步后保留 ${keep} 个${facts && `（${facts}）`}；没有改动任何设置。`,
  takesFact: (taken, least) => `${least ? "至少" : "约"} ${taken}`,
  chanceFact: (often) => `${often}留住最佳`,
  facts: (facts) => facts.join("，"),
  noTime: "要等一次运行完成后，才知道需要多少时间。",
  noAmount: "请填写大于 0 的数。",
  tooOften: "请填写 1 到 10 之间的数。",
  notSettable: "此节点的控件连接到了 PRISM 无法设置的东西。",

  sigmaAt: (step, sigma, keep) => `第 ${step} 步：剩余噪波（sigma）${sigma}，保留 ${keep} 个。`,
  accuracyAt: (step, value, low, high) =>
    `在第 ${step} 步，两个候选之间评分头有 ${value} %（${low} 到 ${high} %）选中较好的一个。`,
  chanceExact: (value, low, high) => `${value} % 的运行留住最佳，95 % 的把握在 ${low} % 到 ${high} % 之间。`,
  firstChanceExact: (value, low, high) =>
    `第一次淘汰在 ${value} % 的运行中留住最佳，95 % 的把握在 ${low} % 到 ${high} % 之间。`,
  jointExact: (value, low, high) =>
    `几次淘汰合起来：${value} %。这是假定得分与质量呈正态分布，由各次淘汰的实测结果推算的。不作此假定时：在 ${low} % 到 ${high} % 之间。`,
  throughModel: (spent, probes, plain) => `经过模型的候选次数：${spent}，评分 ${probes}；全部完成：${plain}。`,
  callTook: (candidates, taken) => `这次运行中，${candidates} 个候选的一步用了 ${taken}。`,
  guess: "这次运行的每一步候选数都相同，较少候选所需的时间按比例计算，这是最少的时间。",
  setup: (taken) => `这次运行在第一步之前用了 ${taken}，例如加载模型；上面没有计入。`,
  racing: "使用 racing 时，这些淘汰只是预算：它自己决定步数，淘汰不太可能是最佳的候选。",
  diverse: "使用 diverse 时，在得分相近的候选中保留看起来不同的。",
  reason: (row, reason) => `候选 ${row}：${reason}。`,
};
