// Milliseconds that a test or a hook may take, from the project in jest.config.js.
jest.setTimeout(globalThis.patience);
