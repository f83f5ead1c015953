import type { Page } from "playwright-core";

/** Asks a model in the chat of the page, as a person does; returns before the answer. */
export async function askInChat(page: Page, model: string, question: string): Promise<void> {
  const choice = page.getByRole("combobox", { name: "Model", exact: true });
  await choice.focus();
  await choice.getByRole("option", { name: model, exact: true }).waitFor({ state: "attached" });
  await choice.selectOption(model);
  await page.getByRole("textbox", { name: "Question" }).fill(question);
  await page.keyboard.press("Enter");
}
