import { allCommands, type CompletedCommand, type CompletedFlag } from "./command_tree.ts";

/** The script by which fish completes the commands of `tree`, with what each is for. */
export function fishScript(tree: CompletedCommand): string {
  const commands = allCommands(tree);
  const paths = commands.filter(({ path }) => path !== "").map(({ path }) => fishWord(path));
  const valued = commands.flatMap(({ path, flags }) =>
    flags.filter(({ takesValue }) => takesValue)
      .flatMap(({ names }) => names.map((name) => fishWord(`${path} ${name}`.trim())))
  );
  return `# fish completions for rbee: rbee completions fish | source

function __rbee_at -a wanted
    set -l at ''
    set -l valued ''
    for word in (commandline -opc)[2..-1]
        if test -n "$valued"
            set valued ''
            continue
        end
        set -l next (string trim -- "$at $word")
        if contains -- $next ${paths.join(" ")}
            set at $next
        else if contains -- $next ${valued.join(" ")}
            set valued 1
        end
    end
    test "$at" = "$wanted"
end

${commands.flatMap(linesOf).join("\n")}
`;
}

function linesOf(command: CompletedCommand): string[] {
  const at = `complete -c rbee -n ${fishWord(`__rbee_at ${fishWord(command.path)}`)}`;
  const words = [
    ...command.commands.map(({ name, description }) =>
      `${at} -f -a ${fishWord(name)} -d ${fishWord(description)}`
    ),
    ...command.choices.map((choice) => `${at} -f -a ${fishWord(choice)}`),
  ];
  return [...words, ...command.flags.map((flag) => `${at} ${flagOptions(flag)}`)];
}

function flagOptions({ names, description, takesValue, choices }: CompletedFlag): string {
  const forms = names.map((name) =>
    name.startsWith("--") ? `-l ${fishWord(name.slice(2))}` : `-s ${fishWord(name.slice(1))}`
  );
  const value = choices.length > 0
    ? [`-x -a ${fishWord(choices.join(" "))}`]
    : takesValue
    ? ["-r"]
    : [];
  return [...forms, ...value, `-d ${fishWord(description)}`].join(" ");
}

/** In fish's single quotes a backslash escapes itself and the quote. */
function fishWord(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
