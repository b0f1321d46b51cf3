//! Options of the format.

use eventflux_core::connector::AsciiChar;

use crate::format::time_unit::NumberUnit;

eventflux_core::options! {
    /// Options of `csv` when it is read.
    pub struct CsvDecodeOptions of "csv" {
        /// Whether the first record of a file (or of standard input) holds the columns' names. Columns are then found by
        /// name, otherwise by the order of their declaration. Messages have no header.
        pub header: bool ["csv.header"] = "true",
        /// What stands between fields: one character, also `\t`.
        pub delimiter: AsciiChar ["csv.delimiter"] = ",",
        /// What stands around fields with delimiters, line breaks or quotes in them; doubled inside of them.
        pub quote: AsciiChar ["csv.quote"] = "\"",
        /// The text of NULL, if it is not in quotes. The default is the empty field.
        pub null: String ["csv.null"] = "",
        /// The unit of numbers in TIMESTAMP columns (since the epoch) and TIME columns (since midnight).
        pub timestamp_unit: NumberUnit ["timestamp_unit", "timestamp-unit"] = "ms",
    }
}

eventflux_core::options! {
    /// Options of `csv` when it is written.
    pub struct CsvEncodeOptions of "csv" {
        /// Whether a file (or standard output) begins with the columns' names. Messages have no header.
        pub header: bool ["csv.header"] = "true",
        /// What stands between fields: one character, also `\t`.
        pub delimiter: AsciiChar ["csv.delimiter"] = ",",
        /// What stands around fields with delimiters, line breaks or quotes in them; doubled inside of them.
        pub quote: AsciiChar ["csv.quote"] = "\"",
        /// The text of NULL. A value that is the same text is put in quotes.
        pub null: String ["csv.null"] = "",
    }
}
