//! The row numbers of a block: most blocks hold rows that were written one after the other, and two numbers say which.

use std::sync::Arc;

/// Ascending row numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Numbers {
    /// Without gaps, from `first` on.
    Run { first: u32, count: u32 },
    /// All others.
    Each(Arc<[u32]>),
}

impl Numbers {
    /// `rows` ascend.
    pub(crate) fn of(rows: &[u32]) -> Self {
        match rows {
            [first, rest @ ..] if rest.iter().zip(*first..).all(|(row, before)| row.checked_sub(1) == Some(before)) => {
                Self::Run { first: *first, count: rows.len() as u32 }
            }
            _ => Self::Each(rows.into()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Run { count, .. } => *count as usize,
            Self::Each(rows) => rows.len(),
        }
    }

    /// The number at a place below `len`.
    pub(crate) fn at(&self, place: usize) -> u32 {
        match self {
            Self::Run { first, .. } => first + place as u32,
            Self::Each(rows) => rows[place],
        }
    }

    /// Where a row stands, if it is among them.
    pub(crate) fn find(&self, row: u32) -> Option<usize> {
        match self {
            Self::Run { first, count } => {
                row.checked_sub(*first).filter(|place| place < count).map(|place| place as usize)
            }
            Self::Each(rows) => rows.binary_search(&row).ok(),
        }
    }

    /// Bytes of RAM beside its own.
    pub(crate) fn ram_bytes(&self) -> usize {
        match self {
            Self::Run { .. } => 0,
            Self::Each(rows) => size_of_val(&**rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_and_without_gaps_are_found_where_they_were_given() {
        for rows in [&[][..], &[7], &[0, 1, 2, 3], &[5, 6, 8, 9], &[4, 4, 6], &[u32::MAX - 1, u32::MAX], &[0, u32::MAX]]
        {
            let numbers = Numbers::of(rows);
            let dense = !rows.is_empty() && rows.windows(2).all(|pair| pair[1] - pair[0] == 1);
            assert_eq!(matches!(numbers, Numbers::Run { .. }), dense, "{rows:?}");
            assert_eq!(numbers.ram_bytes(), if dense { 0 } else { 4 * rows.len() });
            assert_eq!((0..numbers.len()).map(|place| numbers.at(place)).collect::<Vec<_>>(), rows);
            for row in rows {
                assert_eq!(numbers.find(*row).map(|place| rows[place]), Some(*row));
            }
            for absent in [3, 7, 10, u32::MAX].iter().filter(|row| !rows.contains(row)) {
                assert_eq!(numbers.find(*absent), None, "{absent} in {rows:?}");
            }
        }
    }
}
