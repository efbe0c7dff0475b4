// Package consent keeps what people agreed to. Records only end, they never
// change; the values that were shown lie beside them, sealed by the person's
// data key.
package consent
