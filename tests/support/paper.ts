/** What a program of a language has, and a piece of one has not. */
const WHOLE = /^(resources:|import pulumi_ipip|package main)/m;

/** wholeProgram is the one program in YAML, Python or Go that a paper shows from its beginning to its end. */
export function wholeProgram(paper: string, language: string): string {
  const programs = [...paper.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, its, text = ""]) =>
    its === language && WHOLE.test(text) ? [text] : [],
  );
  const [program] = programs;
  if (program === undefined || programs.length > 1)
    throw new Error(`there are ${programs.length} whole programs in ${language}`);
  return program;
}
