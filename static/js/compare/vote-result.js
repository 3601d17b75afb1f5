// What was voted, whose answers these were, and the way back.

import { el, icon } from "../dom.js";

const VERDICTS = { tie: "A tie", all_bad: "None is good" };

/** The parts of the bar after a vote. `takeBack` undoes it; `endTest` ends the blind test, if it may be. */
export function resultOf(vote, answers, { takeBack, endTest }) {
  const winner = answers.find(({ answer }) => answer.id === vote.winner);
  const verdict = winner ? `${winner.letter} is ${answers.length > 2 ? "best" : "better"}` : VERDICTS[vote.verdict];
  const names = answers.filter(({ answer }) => answer.model).map((one) => nameOf(one, one === winner));
  return [
    el("p", { class: "vote-question" }, icon("check"), `${verdict ?? "Voted"}.`),
    el("p", { class: "vote-names" }, ...names),
    el("span", { class: "badge" }, vote.blind ? "blind vote" : "open vote"),
    quiet("button", { type: "button", on: { click: takeBack } }, "Undo"),
    quiet("a", { href: "/ratings/" }, "Ratings"),
    endTest && quiet("button", { type: "button", title: "Settings and code of the columns come back", on: { click: endTest } }, "End blind test"),
  ].filter(Boolean);
}

const quiet = (tag, props, label) => el(tag, { class: "button button-small button-quiet", ...props }, label);

function nameOf({ letter, answer }, won) {
  return el("span", { class: won ? "vote-name is-winner" : "vote-name" }, el("b", {}, letter), ` ${answer.model} `);
}
