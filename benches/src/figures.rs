//! Figures of several rounds: the median, and how far the rounds lie apart.

use std::fmt;

/// What the rounds of one row measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(Vec<f64>);

impl Figures {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The one in the middle; of an even number, the lower of two.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    /// This median as a multiple of another.
    pub(crate) fn over(&self, other: &Self) -> f64 {
        self.median() / other.median()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (self.0.first(), self.0.last());
        let decimals = usize::from(self.median() < 100.0);
        write!(f, "{:.decimals$}", self.median())?;
        if let (Some(least), Some(most)) = (least, most) {
            write!(f, " ({least:.decimals$} – {most:.decimals$})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_follow_one_bad_round() {
        let mut figures = Figures::default();
        for value in [10.0, 900.0, 12.0] {
            figures.add(value);
        }
        assert_eq!(figures.to_string(), "12.0 (10.0 – 900.0)");
    }

    #[test]
    fn a_ratio_is_that_of_the_medians() {
        let (mut ours, mut theirs) = (Figures::default(), Figures::default());
        ours.add(30.0);
        theirs.add(20.0);
        assert!((ours.over(&theirs) - 1.5).abs() < f64::EPSILON);
    }
}
