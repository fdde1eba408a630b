// The editors' colours, in place of the ones that GraphiQL defines under the same names.
type Monaco = typeof import("monaco-editor");
type Rules = { token: string; foreground: string; fontStyle?: string }[];

export function paint(monaco: Pick<Monaco, "editor">): void {
  monaco.editor.defineTheme("graphiql-LIGHT", {
    base: "vs",
    inherit: true,
    colors: surfaces("#fffefb", "#0d7466", "#0d746614", "#1c2420", "#8a918d"),
    rules: rules({ word: "8a3f6b", name: "1f5f99", key: "1f5f99", text: "946211", number: "0d7466", remark: "8a918d" }),
  });
  monaco.editor.defineTheme("graphiql-DARK", {
    base: "vs-dark",
    inherit: true,
    colors: surfaces("#191d1c", "#59c7b3", "#59c7b31f", "#e4e7e4", "#6d7672"),
    rules: rules({ word: "d99bc0", name: "8fbdea", key: "8fbdea", text: "d9b36c", number: "59c7b3", remark: "78827d" }),
  });
}

function surfaces(base: string, accent: string, tint: string, ink: string, faint: string): Record<string, string> {
  return {
    "editor.background": "#ffffff00",
    "editor.foreground": ink,
    "editor.lineHighlightBackground": "#ffffff00",
    "editor.lineHighlightBorder": "#ffffff00",
    "editorLineNumber.foreground": faint,
    "editorHoverWidget.background": base,
    "editorSuggestWidget.background": base,
    "editorSuggestWidget.selectedBackground": tint,
    "editorSuggestWidget.selectedForeground": accent,
    "editorWidget.background": base,
    "list.hoverBackground": tint,
    "list.highlightForeground": accent,
    "list.focusHighlightForeground": accent,
    "menu.background": base,
    "menu.selectionBackground": tint,
    "menu.selectionForeground": accent,
    "quickInputList.focusBackground": tint,
    "textLink.foreground": accent,
    "textLink.activeForeground": accent,
    "editorLink.activeForeground": accent,
    "editorBracketHighlight.foreground1": faint,
    "editorBracketHighlight.foreground2": faint,
    "editorBracketHighlight.foreground3": faint,
    "editorIndentGuide.activeBackground1": faint,
    "scrollbar.shadow": "#ffffff00",
    focusBorder: accent,
  };
}

function rules(colour: Record<"word" | "name" | "key" | "text" | "number" | "remark", string>): Rules {
  return [
    { token: "keyword.gql", foreground: colour.word },
    { token: "keyword", foreground: colour.word },
    { token: "key.identifier.gql", foreground: colour.name },
    { token: "argument.identifier.gql", foreground: colour.word },
    { token: "type.identifier.gql", foreground: colour.number },
    { token: "string.gql", foreground: colour.text },
    { token: "string", foreground: colour.text },
    { token: "string.value.json", foreground: colour.text },
    { token: "string.key.json", foreground: colour.key },
    { token: "number", foreground: colour.number },
    { token: "keyword.json", foreground: colour.word },
    { token: "comment", foreground: colour.remark },
  ];
}
