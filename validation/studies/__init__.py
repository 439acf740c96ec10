"""Studies: one file a refinement, each a function of a case that returns a frozen `validation.studies.study.Study`."""
