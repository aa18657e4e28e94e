// Pulumi requires a JavaScript file; from here on Node strips the types itself.
import './pack.ts';
