/** The line at the top of the panel.
 *
 * @type {typeof import("../en/headline.mjs").headline}
 */

export const headline = {
  offline: "与 ComfyUI 的连接已断开，这里显示的内容可能已经过时。",
  idle: "点击“运行”：候选会在生成过程中显示在这里。",
  locked: (who) => `已锁定${who}：再次运行只会重新生成这些。解锁后可以重新选择。`,

  stagedIdle: "点击“运行”：保留了哪些会显示在这里，并可为下次运行更改。",
  stagedLocked: (who) => `下次运行会保留${who}，不看评分。解锁后由评分决定。`,
  staged: (who, count, keep) => `共 ${count} 个，保留了${who}。固定或排除候选，即可决定下次运行保留的 ${keep} 个。`,

  again: (who) => `正在重新生成${who}`,
  finishing: (who) => `正在完成${who}`,
  sampling: (count) => `正在采样 ${count} 个候选`,
  doing: (doing, step = 0, steps = 0) => (steps ? `${doing}：第 ${step} 步，共 ${steps} 步。` : `${doing}。`),
  youChoose: (step) => `第 ${step} 步之后由您选择。`,
  headChooses: (step, head, keep) => `第 ${step} 步之后，${head ? `评分头 ${head} ` : "评分头"}会保留 ${keep} 个。`,
  watching: "这次一个也不淘汰。",
  sent: "您的选择正在发送。",

  choose: (step, count) => `${waiting(step)}：请从 ${count} 个中至少选一个。`,
  chosen: (step, who, asked) => `${waiting(step)}：已选${who}${asked ? `（设定为 ${asked} 个，多选少选都可以）` : ""}。`,
  until: (time, outcome) => `到 ${time} 仍未回答，${OUTCOMES[outcome]}。`,

  finished: (who, count) => `已完成：共 ${count} 个，保留了${who}。`,
  watched: (count, head, who) => `${count} 个全部完成：${head ? `评分头 ${head} ` : "评分头"}本会保留${who}。`,
  stopped: (step, steps) => `已停止${at(step, steps)}，没有保留任何候选。`,
  failed: (step, steps) => `运行失败${at(step, steps)}。`,
  seeError: "出错的原因见 ComfyUI 的提示。",
  dropped: (rows, step) => (step === null ? `已淘汰：${rows}。` : `第 ${step} 步淘汰：${rows}。`),

  sentences: (parts) => parts.filter(Boolean).join(""),
};

const OUTCOMES = { best: "就只继续最好的", all: "就全部继续", stop: "就停止运行", skip: "就不再等待，继续运行" };

/** @param {number} step */
const waiting = (step) => (step ? `第 ${step} 步已完成，等您选择` : "等您选择");
/** @param {number} step @param {number} steps */
const at = (step, steps) => (steps ? `（第 ${step} 步，共 ${steps} 步）` : "");
