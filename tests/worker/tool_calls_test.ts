import assert from "node:assert/strict";
import fc from "fast-check";
import { ToolCallFinder } from "../../src/worker/tool_calls.ts";

const NAMES = ["get_weather", "stop"];
const WEATHER = '{"name": "get_weather", "arguments": {"city": "Rome"}}';

/** What a finder makes of an answer that comes in these pieces. */
function find(...pieces: string[]) {
  const finder = new ToolCallFinder(NAMES);
  const parts = [...pieces.map((piece) => finder.push(piece)), finder.end()];
  return {
    text: parts.map(({ text }) => text).join(""),
    calls: parts.flatMap(({ calls }) => calls).map(({ function: called }) => called),
  };
}

const ROME = { name: "get_weather", arguments: '{"city":"Rome"}' };
const STOP = { name: "stop", arguments: "{}" };

Deno.test("ToolCallFinder finds the calls of every form that templates teach", () => {
  const forms: [string, object[]][] = [
    [`<tool_call>\n${WEATHER}\n</tool_call>`, [ROME]],
    [`<tool_call>${WEATHER}</tool_call>\n<tool_call>{"name":"stop"}</tool_call>`, [ROME, STOP]],
    // The model ended its turn without the mark.
    [`<tool_call>\n${WEATHER}`, [ROME]],
    [WEATHER, [ROME]],
    [` \n${WEATHER}\n`, [ROME]],
    [`[${WEATHER}, {"name": "stop", "arguments": {}}]`, [ROME, STOP]],
    [`${WEATHER}; {"name":"stop","parameters":{}}`, [ROME, STOP]],
    ['{"name":"get_weather","parameters":{"city":"Rome"}}', [ROME]],
    ['{"type":"function","function":{"name":"get_weather","arguments":{"city":"Rome"}}}', [ROME]],
    ['{"name":"get_weather","arguments":"{\\"city\\":\\"Rome\\"}"}', [ROME]],
    ['{"arguments":{"city":"Rome"},"name":"get_weather"}', [ROME]],
  ];
  for (const [answer, calls] of forms) {
    assert.deepEqual(find(answer), { text: "", calls }, answer);
  }
});

Deno.test("ToolCallFinder passes the text around calls", () => {
  assert.deepEqual(find(`I look.<tool_call>${WEATHER}</tool_call> There.`), {
    text: "I look. There.",
    calls: [ROME],
  });
});

Deno.test("ToolCallFinder takes for text what is no call, or of a function that is not there", () => {
  for (
    const answer of [
      "",
      "Rome is warm.",
      "{",
      '{"city": "Rome"}',
      '{"name": "Ada", "arguments": {}}',
      '{"name": "get_weather", "arguments": {"city": ',
      '[1, 2, {"name": "get_weather"}]',
      '<tool_call>{"name": "other"}</tool_call>',
      "<tool_call>not JSON</tool_call> and so on",
      "<tool_call>",
      "a < b <tool",
      `I would say ${WEATHER}`,
    ]
  ) {
    assert.deepEqual(find(answer), { text: answer, calls: [] }, answer);
  }
});

Deno.test("ToolCallFinder finds the same however the answer is cut", () => {
  const answers = [
    `<tool_call>\n${WEATHER}\n</tool_call>\n<tool_call>{"name":"stop"}</tool_call>`,
    `Well<tool_call>${WEATHER}</tool_call> <b>`,
    WEATHER,
    '{"name": "Ada", "age": 3}',
    "<tool_call>{}</tool_call><tool_c",
    ` \n<tool_call>${WEATHER}</tool_call> \n`,
    " \n <tool",
    "\n\n",
  ];
  fc.assert(fc.property(
    fc.constantFrom(...answers),
    fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 8 }),
    (answer, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, answer.length)), answer.length];
      places.sort((a, b) => a - b);
      const pieces = places.slice(1).map((end, i) => answer.slice(places[i], end));
      assert.deepEqual(find(...pieces), find(answer));
    },
  ));
});

Deno.test("ToolCallFinder holds text back only as long as it could be the begin of a call", () => {
  const passes: [string[], string[]][] = [
    [["Rome", " is"], ["Rome", " is"]],
    [["  ", "Rome"], ["", "  Rome"]],
    [["a <", "b"], ["a ", "<b"]],
    [['{"', "na", "m", 'es": 1'], ["", "", "", '{"names": 1']],
    [['{"name"', ': "A', 'da"', "}"], ["", "", '{"name": "Ada"', "}"]],
    [["[", " 1"], ["", "[ 1"]],
    // Once there was text, JSON is text too.
    [["So: ", '{"name"'], ["So: ", '{"name"']],
  ];
  for (const [pieces, passed] of passes) {
    const finder = new ToolCallFinder(NAMES);
    assert.deepEqual(pieces.map((piece) => finder.push(piece).text), passed);
  }
});

Deno.test("ToolCallFinder gives each call an id of nine letters and digits of its own", () => {
  const finder = new ToolCallFinder(NAMES);
  finder.push(`[${WEATHER},${WEATHER}]`);
  const ids = finder.end().calls.map(({ id }) => id);
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) assert.match(id, /^[a-zA-Z0-9]{9}$/);
});
