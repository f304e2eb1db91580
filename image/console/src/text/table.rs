//! Columns as wide as what is in them.

use std::io::{self, Write};

/// One cell, on the left or the right of its column.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// Words.
    Left(String),
    /// Numbers.
    Right(String),
}

impl Cell {
    fn text(&self) -> &str {
        match self {
            Self::Left(text) | Self::Right(text) => text,
        }
    }
}

/// Words, on the left.
pub(super) fn word(text: impl ToString) -> Cell {
    Cell::Left(text.to_string())
}

/// A number, on the right.
pub(super) fn figure(text: impl ToString) -> Cell {
    Cell::Right(text.to_string())
}

/// Prints `rows` below `header` in columns two blanks apart, without blanks at a line's end.
pub(super) fn print(out: &mut impl Write, header: &[&str], rows: &[Vec<Cell>]) -> io::Result<()> {
    let mut widths: Vec<usize> = header.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text().chars().count());
        }
    }
    // A title stands where the figures below it do.
    let titles: Vec<Cell> = header
        .iter()
        .enumerate()
        .map(
            |(column, title)| match rows.first().and_then(|row| row.get(column)) {
                Some(Cell::Right(_)) => figure(title),
                Some(Cell::Left(_)) | None => word(title),
            },
        )
        .collect();
    for row in std::iter::once(&titles).chain(rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| match cell {
                Cell::Left(text) => format!("{text:<width$}"),
                Cell::Right(text) => format!("{text:>width$}"),
            })
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}
