// Tools that this page can work out itself: the result is filled in, a person still sends it.

const object = (properties, required) => ({ type: "object", properties, required });

export const BUILT_IN = {
  current_time: {
    definition: {
      type: "function",
      function: {
        name: "current_time",
        description: "The current date and time, with the offset from UTC.",
        parameters: object({ timezone: { type: "string", description: "An IANA name such as Europe/Paris" } }, []),
      },
    },
    work: ({ timezone }) => currentTime(timezone),
  },
  calculator: {
    definition: {
      type: "function",
      function: {
        name: "calculator",
        description: "Works out an arithmetic expression of numbers, + - * / % ^ and parentheses.",
        parameters: object({ expression: { type: "string" } }, ["expression"]),
      },
    },
    work: ({ expression }) => String(calculate(String(expression))),
  },
};

/** The result of a call, "" for a tool that a person has to answer for. */
export function workOut({ name, arguments: text }) {
  const tool = BUILT_IN[name];
  if (!tool) return "";
  try {
    return tool.work(JSON.parse(text || "{}"));
  } catch (error) {
    return `Error: ${error.message}`;
  }
}

function currentTime(timeZone) {
  const now = new Date();
  const zone = timeZone || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const text = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "medium",
  }).format(now);
  return JSON.stringify({ time: text, timezone: zone, utc: now.toISOString() });
}

/** The value of an expression. Throws an Error that says where it stopped understanding. */
export function calculate(expression) {
  const tokens = expression.match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+|\*\*|[-+*/%^()]|\S/gi) ?? [];
  let at = 0;
  const take = (...wanted) => (wanted.includes(tokens[at]) ? tokens[at++] : null);
  const sum = () => {
    let value = product();
    for (let sign; (sign = take("+", "-")); ) value = sign === "+" ? value + product() : value - product();
    return value;
  };
  const product = () => {
    let value = signed();
    for (let sign; (sign = take("*", "/", "%")); ) {
      const other = signed();
      value = sign === "*" ? value * other : sign === "/" ? value / other : value % other;
    }
    return value;
  };
  const signed = () => (take("-") ? -signed() : take("+") ? signed() : power());
  const power = () => {
    const base = atom();
    return take("^", "**") ? base ** signed() : base;
  };
  const atom = () => {
    if (take("(")) {
      const value = sum();
      if (!take(")")) throw new Error("a parenthesis is not closed");
      return value;
    }
    const token = tokens[at++];
    const value = Number(token);
    if (token === undefined || Number.isNaN(value)) throw new Error(`${token ?? "the end"} was not expected`);
    return value;
  };
  const value = sum();
  if (at < tokens.length) throw new Error(`${tokens[at]} was not expected`);
  return value;
}
