// What was voted, whose answers these were, and the way back.

import { el, icon } from "../dom.js";

const VERDICTS = { tie: "A tie", all_bad: "None is good" };

/** The parts of the bar after a vote. `takeBack` undoes it. */
export function resultOf(vote, answers, takeBack) {
  const winner = answers.find(({ answer }) => answer.id === vote.winner);
  const verdict = winner ? `${winner.letter} is ${answers.length > 2 ? "best" : "better"}` : VERDICTS[vote.verdict];
  const names = answers.filter(({ answer }) => answer.model).map((one) => nameOf(one, one === winner));
  return [
    el("p", { class: "vote-question" }, icon("check"), `${verdict ?? "Voted"}.`),
    el("p", { class: "vote-names" }, ...names),
    el("span", { class: "badge" }, vote.blind ? "blind vote" : "open vote"),
    el("button", { type: "button", class: "button button-small button-quiet", on: { click: takeBack } }, "Undo"),
    el("a", { class: "button button-small button-quiet", href: "/ratings/" }, "Ratings"),
  ];
}

function nameOf({ letter, answer }, won) {
  return el("span", { class: won ? "vote-name is-winner" : "vote-name" }, el("b", {}, letter), ` ${answer.model} `);
}
