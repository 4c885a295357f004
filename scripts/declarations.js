/**
 * The declarations that are published: one file with what index.d.ts leads to, and nothing else. Knows nothing of
 * JavaScript. What is marked `@internal` is gone already: tsc leaves it out.
 */
import ts from "typescript";

/** One text with all that the declarations in `index` export, and what those need. */
export function declarations(index) {
  const program = ts.createProgram([index], {
    module: ts.ModuleKind.NodeNext,
    skipLibCheck: true,
    types: ["node"],
  });
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)));
  const libs = new Set(); // those that a file among ours asks for
  const isOurs = (file) =>
    !program.isSourceFileDefaultLibrary(file) && !file.fileName.includes("/node_modules/");

  const found = new Map(); // what declares a name: the statement in its file
  const take = (given) => {
    const symbol = given.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(given) : given;
    for (const declaration of symbol.declarations ?? []) {
      const statement = ts.findAncestor(declaration, (node) => ts.isSourceFile(node.parent));
      if (statement === undefined || found.has(statement) || !isOurs(statement.getSourceFile())) continue;
      const isVariable = ts.isVariableStatement(statement) && ts.isVariableDeclaration(declaration);
      if (declaration !== statement && !isVariable) continue; // a member: it comes with what has it
      found.set(statement, symbol.name);
      for (const { fileName } of statement.getSourceFile().libReferenceDirectives) libs.add(fileName);
      visit(statement);
    }
  };
  const visit = (node) => {
    if (ts.isImportTypeNode(node)) {
      throw new Error(
        `Cannot put the declarations into one file: \`${node.getText()}\`. Give that type a name`,
      );
    }
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol !== undefined) take(symbol);
    }
    ts.forEachChild(node, visit);
  };
  exported.forEach(take);

  const names = [...found.values()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new Error(`Cannot put the declarations into one file: two of them are called ${twice}. Rename one`);
  }
  const isPublic = new Set(exported.map(({ name }) => name));
  // `export declare class` would promise a value, and to import what is not there fails.
  const types = exported.filter((symbol) => isTypeOnly(symbol) && isValue(checker.getAliasedSymbol(symbol)));
  for (const { name } of types) isPublic.delete(name);
  const references = [...libs].map((lib) => `/// <reference lib="${lib}" />\n`);
  const texts = [...found].map(([statement, name]) => textOf(statement, isPublic.has(name)));
  const typeNames = types.map(({ name }) => name).join(", ");
  return `${references.join("")}${texts.join("\n")}\nexport type { ${typeNames} };\n`;
}

function isTypeOnly(symbol) {
  return symbol.declarations.some(ts.isTypeOnlyExportDeclaration);
}

function isValue(symbol) {
  return (symbol.flags & ts.SymbolFlags.Value) !== 0;
}

/** The statement and its docstring, without the header of its file. */
function textOf(statement, isPublic) {
  const text = statement.getSourceFile().text;
  const doc = ts.getJSDocCommentsAndTags(statement).filter(ts.isJSDoc).at(-1);
  const plain = text.slice(statement.getStart(), statement.end).replace(/^export (declare )?/, "");
  const declared = /^(interface|type|declare) /.test(plain) ? plain : `declare ${plain}`;
  const comment = doc === undefined ? "" : `${doc.getText()}\n`;
  return comment + (isPublic ? "export " : "") + declared;
}
