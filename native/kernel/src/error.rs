//! Everything that can go wrong in the kernel. Callers validate; these are the last line of defence.

use std::fmt;

/// Why the kernel refused. The numbers cross the binding and are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Error {
    /// A slice's length is not what the dimension or the row count asks for.
    Length = 1,
    /// A codebook's bytes are not one that this version wrote.
    Codebook = 2,
    /// A parameter is out of its range.
    Parameter = 3,
    /// The eigendecomposition or the transform did not succeed.
    Numeric = 4,
    /// The partition has no such block or row.
    Missing = 5,
    /// The work was cancelled through its [`crate::Control`].
    Cancelled = 6,
}

impl Error {
    /// What went wrong, in a sentence that begins with a code.
    pub fn message(self) -> &'static str {
        match self {
            Self::Length => "LENGTH: a slice is not as long as the dimension and the row count ask for",
            Self::Codebook => "CODEBOOK: the bytes are not a codebook of this version, or they are damaged",
            Self::Parameter => "PARAMETER: a parameter is out of its range",
            Self::Numeric => "NUMERIC: the decomposition did not converge; does the sample hold NaN or infinity?",
            Self::Missing => "MISSING: no such block or row in this partition",
            Self::Cancelled => "CANCELLED: the work was cancelled",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for Error {}
