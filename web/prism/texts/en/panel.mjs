/** Around the cards. */

export const panel = {
  candidates: "Candidates",
};
