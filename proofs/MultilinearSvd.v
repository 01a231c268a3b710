(** The truncated multilinear SVD: what cutting modes costs, and that no other choice costs much less.

    The Gram matrix of a mode is the unfolding times its transpose; its eigenbasis is that of Spectra.v. Mode [n] has size
    [r + s]: [r] directions are kept, [s] are discarded. *)

From mathcomp Require Import all_ssreflect all_algebra.
From LoRi Require Import Unfold Projection Spectra.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(** Ky Fan (1949): no orthonormal [v] of [r] columns keeps more of a symmetric matrix than the first [r] eigenvectors, and
    these keep the sum of the [r] largest eigenvalues. Truncation at the leading eigenvectors is therefore not a heuristic. *)
Theorem ky_fan (R : realFieldType) r s (g q : 'M[R]_(r + s)) l (v : 'M[R]_(r + s, r)) :
  eigenbasis g q l -> orthonormal v ->
  \tr ((leading q)^T *m g *m leading q) = kept l /\ \tr (v^T *m g *m v) <= kept l.
Proof.
move=> e ov; have swap (u : 'M[R]_(r + s, r)) : \tr (u^T *m g *m u) = \tr (projector u *m g).
  by rewrite [LHS]mxtrace_mulC mulmxA.
split; rewrite swap; first exact: trace_leading e.
by apply: ky_fan_projector e (projectorP ov) _; left; exact: trace_projector.
Qed.

Section Modes.

Variable R : realFieldType.

(** Gram matrices of the three unfoldings. *)
Definition gram1 m1 m2 m3 (x : tensor R m1 m2 m3) := unfold1 x *m (unfold1 x)^T.
Definition gram2 m1 m2 m3 (x : tensor R m1 m2 m3) := unfold2 x *m (unfold2 x)^T.
Definition gram3 m1 m2 m3 (x : tensor R m1 m2 m3) := unfold3 x *m (unfold3 x)^T.

Lemma gram_energy m1 m2 m3 (x : tensor R m1 m2 m3) :
  [/\ sqnorm x = \tr (gram1 x), sqnorm x = \tr (gram2 x) & sqnorm x = \tr (gram3 x)].
Proof. by have [h1 h2 h3] := unfold_norm x; split; [rewrite -h1 | rewrite -h2 | rewrite -h3]; exact: mxdotE. Qed.

Lemma error_by_trace m1 m2 m3 (x : tensor R m1 m2 m3) p1 p2 p3 :
  symmetric_idempotent p1 -> symmetric_idempotent p2 -> symmetric_idempotent p3 ->
  [/\ sqnorm (x - mode_product1 p1 x) = \tr (gram1 x) - \tr (p1 *m gram1 x),
      sqnorm (x - mode_product2 p2 x) = \tr (gram2 x) - \tr (p2 *m gram2 x) &
      sqnorm (x - mode_product3 p3 x) = \tr (gram3 x) - \tr (p3 *m gram3 x)].
Proof.
move=> s1 s2 s3; have [o1 o2 o3] := @mode_projections R m1 m2 m3 p1 p2 p3 s1 s2 s3.
have error P : orthogonal_projection P -> sqnorm (x - P x) = sqnorm x - dot (P x) x.
  move=> oP; have -> : dot (P x) x = sqnorm (P x).
    by rewrite /sqnorm [RHS](proj_adjoint oP) (proj_idem oP) dotC.
  by rewrite (pythagoras x oP) [RHS]addrC addKr.
have [g1 g2 g3] := gram_energy x.
have [u1 _ _] := unfold_mode_product x p1 0 0; have [_ u2 _] := unfold_mode_product x 0 p2 0.
have [_ _ u3] := unfold_mode_product x 0 0 p3.
split; rewrite error //.
- by rewrite g1; have [-> _ _] := dot_unfold (mode_product1 p1 x) x; rewrite u1 mxdotE mulmxA.
- by rewrite g2; have [_ -> _] := dot_unfold (mode_product2 p2 x) x; rewrite u2 mxdotE mulmxA.
- by rewrite g3; have [_ _ ->] := dot_unfold (mode_product3 p3 x) x; rewrite u3 mxdotE mulmxA.
Qed.

End Modes.

(** One mode at a time, with the tensor's other modes left whole. *)
Section OneMode.

Variables (R : realFieldType) (r s m n : nat).
Variables (x1 : tensor R (r + s) m n) (x2 : tensor R m (r + s) n) (x3 : tensor R m n (r + s)).
Variables (q : 'M[R]_(r + s)) (l : 'rV[R]_(r + s)).

Let zero k := zero_idempotent R k.

(** The error of cutting one mode at its leading eigenvectors is exactly the sum of the discarded eigenvalues of its Gram
    matrix: the spectrum alone says what a rank costs. *)
Theorem one_mode_error_is_discarded_eigenvalues :
  [/\ eigenbasis (gram1 x1) q l -> sqnorm (x1 - proj1 (leading q) x1) = discarded l,
      eigenbasis (gram2 x2) q l -> sqnorm (x2 - proj2 (leading q) x2) = discarded l &
      eigenbasis (gram3 x3) q l -> sqnorm (x3 - proj3 (leading q) x3) = discarded l].
Proof.
split=> e; have sp := projectorP (leading_orthonormal (eigen_orthonormal e)).
- have [-> _ _] := error_by_trace x1 sp (zero m) (zero n).
  by rewrite (trace_leading e) (kept_and_discarded e) addrC addKr.
- have [_ -> _] := error_by_trace x2 (zero m) sp (zero n).
  by rewrite (trace_leading e) (kept_and_discarded e) addrC addKr.
- have [_ _ ->] := error_by_trace x3 (zero m) (zero n) sp.
  by rewrite (trace_leading e) (kept_and_discarded e) addrC addKr.
Qed.

Lemma discarded_le_projection p :
  symmetric_idempotent p -> \tr p = r%:R \/ \tr p <= r%:R ->
  [/\ eigenbasis (gram1 x1) q l -> discarded l <= sqnorm (x1 - mode_product1 p x1),
      eigenbasis (gram2 x2) q l -> discarded l <= sqnorm (x2 - mode_product2 p x2) &
      eigenbasis (gram3 x3) q l -> discarded l <= sqnorm (x3 - mode_product3 p x3)].
Proof.
move=> sp tr_p.
have bound k (a : 'M[R]_(r + s, k)) : eigenbasis (a *m a^T) q l ->
    discarded l <= \tr (a *m a^T) - \tr (p *m (a *m a^T)).
  move=> e; rewrite (kept_and_discarded e) ler_subr_addr (addrC (kept l)) ler_add2l.
  apply: (ky_fan_projector e sp).
  case: tr_p => [->|le]; [by left | right; split=> // i; exact: gram_eigenvalues_ge0 e].
have [-> _ _] := error_by_trace x1 sp (zero m) (zero n).
have [_ -> _] := error_by_trace x2 (zero m) sp (zero n).
have [_ _ ->] := error_by_trace x3 (zero m) (zero n) sp.
by split; apply: bound.
Qed.

(** No other orthonormal basis of the same size keeps more energy in a mode than the leading eigenvectors do. The share of
    energy in a report is the most that any subspace of the rank could keep, so a random one is a fair control. *)
Theorem leading_eigenvectors_keep_the_most (v : 'M[R]_(r + s, r)) : orthonormal v ->
  [/\ eigenbasis (gram1 x1) q l -> sqnorm (proj1 v x1) <= sqnorm (proj1 (leading q) x1),
      eigenbasis (gram2 x2) q l -> sqnorm (proj2 v x2) <= sqnorm (proj2 (leading q) x2) &
      eigenbasis (gram3 x3) q l -> sqnorm (proj3 v x3) <= sqnorm (proj3 (leading q) x3)].
Proof.
move=> ov; have [d1 d2 d3] := one_mode_error_is_discarded_eigenvalues.
have [b1 b2 b3] := discarded_le_projection (projectorP ov) (or_introl (trace_projector ov)).
split=> e; have ou := leading_orthonormal (eigen_orthonormal e).
- rewrite (energy_kept x1 (proj1_projection _ _ ov)) (energy_kept x1 (proj1_projection _ _ ou)).
  by rewrite d1 // ler_add2l ler_opp2 b1.
- rewrite (energy_kept x2 (proj2_projection _ _ ov)) (energy_kept x2 (proj2_projection _ _ ou)).
  by rewrite d2 // ler_add2l ler_opp2 b2.
- rewrite (energy_kept x3 (proj3_projection _ _ ov)) (energy_kept x3 (proj3_projection _ _ ou)).
  by rewrite d3 // ler_add2l ler_opp2 b3.
Qed.

(** In a single mode no tensor whose unfolding has rank at most [r], however it was found, comes nearer than the projection
    on the leading eigenvectors does. *)
Theorem discarded_eigenvalues_are_the_least_error y1 y2 y3 :
  [/\ eigenbasis (gram1 x1) q l -> (\rank (unfold1 y1) <= r)%N -> discarded l <= sqnorm (x1 - y1),
      eigenbasis (gram2 x2) q l -> (\rank (unfold2 y2) <= r)%N -> discarded l <= sqnorm (x2 - y2) &
      eigenbasis (gram3 x3) q l -> (\rank (unfold3 y3) <= r)%N -> discarded l <= sqnorm (x3 - y3)].
Proof.
have trace p k : \tr p = k%:R -> (k <= r)%N -> \tr p = r%:R \/ \tr p <= r%:R :> R.
  by move=> -> le; right; rewrite ler_nat.
split=> e.
- have [p [sp py tp]] := column_projector (unfold1 y1) => /(trace _ _ _ tp) tr_p.
  have [/(_ e) le _ _] := discarded_le_projection sp tr_p; apply: (le_trans le).
  have [oP _ _] := @mode_projections R (r + s) m n _ _ _ sp (zero m) (zero n).
  apply: (nearest _ oP); have [<- _ _] := fold_unfold_id (mode_product1 p y1).
  have [-> _ _] := unfold_mode_product y1 p 0 0.
  by rewrite py; have [-> _ _] := fold_unfold_id y1.
- have [p [sp py tp]] := column_projector (unfold2 y2) => /(trace _ _ _ tp) tr_p.
  have [_ /(_ e) le _] := discarded_le_projection sp tr_p; apply: (le_trans le).
  have [_ oP _] := @mode_projections R m (r + s) n _ _ _ (zero m) sp (zero n).
  apply: (nearest _ oP); have [_ <- _] := fold_unfold_id (mode_product2 p y2).
  have [_ -> _] := unfold_mode_product y2 0 p 0.
  by rewrite py; have [_ -> _] := fold_unfold_id y2.
- have [p [sp py tp]] := column_projector (unfold3 y3) => /(trace _ _ _ tp) tr_p.
  have [_ _ /(_ e) le] := discarded_le_projection sp tr_p; apply: (le_trans le).
  have [_ _ oP] := @mode_projections R m n (r + s) _ _ _ (zero m) (zero n) sp.
  apply: (nearest _ oP); have [_ _ <-] := fold_unfold_id (mode_product3 p y3).
  have [_ _ ->] := unfold_mode_product y3 0 0 p.
  by rewrite py; have [_ _ ->] := fold_unfold_id y3.
Qed.

End OneMode.

Section Truncation.

Variables (R : realFieldType) (r1 s1 r2 s2 r3 s3 : nat).
Notation whole := (tensor R (r1 + s1) (r2 + s2) (r3 + s3)).
Variable x : whole.

(** Cutting several modes costs at most the sum of what cutting each of them alone costs, whatever the bases: the rank of a
    mode can be chosen from its own spectrum. Said of the two modes cut in the shared subspace, and of all three. *)
Theorem error_within_sum_of_modes k1 k2 k3
    (u : 'M[R]_(r1 + s1, k1)) (v : 'M[R]_(r2 + s2, k2)) (w : 'M[R]_(r3 + s3, k3)) :
  orthonormal u -> orthonormal v -> orthonormal w ->
  sqnorm (x - proj1 u (proj3 w x)) <= sqnorm (x - proj1 u x) + sqnorm (x - proj3 w x) /\
  sqnorm (x - proj1 u (proj2 v (proj3 w x))) <=
    sqnorm (x - proj1 u x) + sqnorm (x - proj2 v x) + sqnorm (x - proj3 w x).
Proof.
move=> ou ov _; have p1 := proj1_projection (r2 + s2) (r3 + s3) ou.
split; first exact: error_of_two_le.
apply: le_trans (error_of_two_le (fun y => proj2 v (proj3 w y)) x p1) _.
by rewrite -addrA ler_add2l error_of_two_le //; exact: proj2_projection.
Qed.

(** Coordinates expanded again are the projection, whatever the bases. The code stores coordinates and bases and multiplies
    them out again: what it reconstructs is what is bounded here. *)
Theorem reconstruction_is_projection k1 k2 k3
    (u : 'M[R]_(r1 + s1, k1)) (v : 'M[R]_(r2 + s2, k2)) (w : 'M[R]_(r3 + s3, k3)) :
  mode_product3 w (mode_product2 v (mode_product1 u
    (mode_product3 w^T (mode_product2 v^T (mode_product1 u^T x))))) = proj1 u (proj2 v (proj3 w x)).
Proof.
rewrite /proj1 /proj2 /proj3 /projector mode_product1M mode_product2M mode_product3M.
by rewrite !(mode_product12C, mode_product13C, mode_product23C).
Qed.

Variables (q1 : 'M[R]_(r1 + s1)) (q2 : 'M[R]_(r2 + s2)) (q3 : 'M[R]_(r3 + s3)).
Variables (l1 : 'rV[R]_(r1 + s1)) (l2 : 'rV[R]_(r2 + s2)) (l3 : 'rV[R]_(r3 + s3)).
Hypothesis e1 : eigenbasis (gram1 x) q1 l1.
Hypothesis e2 : eigenbasis (gram2 x) q2 l2.
Hypothesis e3 : eigenbasis (gram3 x) q3 l3.

(** The bound that the code reports: the squared error is at most the sum of the discarded eigenvalues of the modes cut. It is
    known from the spectra before anything is truncated, for the two modes of the shared subspace and for all three. *)
Theorem squared_error_within_discarded_eigenvalues :
  sqnorm (x - proj1 (leading q1) (proj3 (leading q3) x)) <= discarded l1 + discarded l3 /\
  sqnorm (x - proj1 (leading q1) (proj2 (leading q2) (proj3 (leading q3) x))) <=
    discarded l1 + discarded l2 + discarded l3.
Proof.
have [/(_ e1) <- _ _] := one_mode_error_is_discarded_eigenvalues x 0 0 q1 l1.
have [_ /(_ e2) <- _] := one_mode_error_is_discarded_eigenvalues 0 x 0 q2 l2.
have [_ _ /(_ e3) <-] := one_mode_error_is_discarded_eigenvalues 0 0 x q3 l3.
by apply: error_within_sum_of_modes; apply: leading_orthonormal;
  [exact: eigen_orthonormal e1 | exact: eigen_orthonormal e2 | exact: eigen_orthonormal e3].
Qed.

Lemma least_errors (y : whole) :
  [/\ (\rank (unfold1 y) <= r1)%N -> discarded l1 <= sqnorm (x - y),
      (\rank (unfold2 y) <= r2)%N -> discarded l2 <= sqnorm (x - y) &
      (\rank (unfold3 y) <= r3)%N -> discarded l3 <= sqnorm (x - y)].
Proof.
have [/(_ e1) d1 _ _] := discarded_eigenvalues_are_the_least_error x 0 0 q1 l1 y 0 0.
have [_ /(_ e2) d2 _] := discarded_eigenvalues_are_the_least_error 0 x 0 q2 l2 0 y 0.
by have [_ _ /(_ e3) d3] := discarded_eigenvalues_are_the_least_error 0 0 x q3 l3 0 0 y.
Qed.

(** The truncated multilinear SVD is within the factor (number of modes cut) of the best: no tensor whose unfoldings have
    these ranks, however it was found, has less than a half (two modes) or a third (three modes) of its squared error. *)
Theorem truncation_within_factor_of_best (y : whole) :
  (\rank (unfold1 y) <= r1)%N -> (\rank (unfold3 y) <= r3)%N ->
  sqnorm (x - proj1 (leading q1) (proj3 (leading q3) x)) <= 2%:R * sqnorm (x - y) /\
  ((\rank (unfold2 y) <= r2)%N ->
    sqnorm (x - proj1 (leading q1) (proj2 (leading q2) (proj3 (leading q3) x))) <= 3%:R * sqnorm (x - y)).
Proof.
move=> y1 y3; have [two three] := squared_error_within_discarded_eigenvalues.
have [d1 d2 d3] := least_errors y; split=> [|y2].
  by apply: (le_trans two); rewrite mulr2n mulrDl mul1r ler_add ?d1 ?d3.
apply: (le_trans three); rewrite mulrSr mulr2n !mulrDl mul1r.
by rewrite !ler_add ?d1 ?d2 ?d3.
Qed.

(** What sequential truncation takes its later bases from: the coordinates that the modes before left. *)
Variables (t2 : 'M[R]_(r2 + s2)) (t3 : 'M[R]_(r3 + s3)).
Variables (k2 : 'rV[R]_(r2 + s2)) (k3 : 'rV[R]_(r3 + s3)).
Let x1 := mode_product1 (leading q1)^T x.
Let x2 := mode_product2 (leading t2)^T x1.
Hypothesis f2 : eigenbasis (gram2 x1) t2 k2.
Hypothesis f3 : eigenbasis (gram3 x2) t3 k3.

(** The squared error of ST-HOSVD is exactly the sum of what its steps discard, and no step discards more than the plain
    truncation of its mode would: the cheaper algorithm has the same bound. *)
Theorem sequential_error_within_discarded_eigenvalues :
  let error := sqnorm (x - proj1 (leading q1) (proj2 (leading t2) (proj3 (leading t3) x))) in
  error = discarded l1 + discarded k2 + discarded k3 /\ error <= discarded l1 + discarded l2 + discarded l3.
Proof.
have o1 := leading_orthonormal (eigen_orthonormal e1); have o2 := leading_orthonormal (eigen_orthonormal f2).
have i2 := projectorP (leading_orthonormal (eigen_orthonormal e2)).
have i3 := projectorP (leading_orthonormal (eigen_orthonormal e3)).
have longer1 z : sqnorm (mode_product1 (leading q1)^T z) <= sqnorm z.
  by rewrite coordinates_norm1 //; apply: never_longer (proj1_projection _ _ o1).
have longer2 (z : tensor R r1 _ (r3 + s3)) : sqnorm (mode_product2 (leading t2)^T z) <= sqnorm z.
  by rewrite coordinates_norm2 //; apply: never_longer (proj2_projection _ _ o2).
have [/(_ e1) d1 _ _] := one_mode_error_is_discarded_eigenvalues x 0 0 q1 l1.
have [_ /(_ f2) d2 _] := one_mode_error_is_discarded_eigenvalues 0 x1 0 t2 k2.
have [_ _ /(_ f3) d3] := one_mode_error_is_discarded_eigenvalues 0 0 x2 t3 k3.
have sum error : error = discarded l1 + discarded k2 + discarded k3 ->
    error = discarded l1 + discarded k2 + discarded k3 /\ error <= discarded l1 + discarded l2 + discarded l3.
  move=> ->; split=> //; rewrite -!addrA ler_add2l ler_add //.
  - have [_ /(_ e2) <- _] := one_mode_error_is_discarded_eigenvalues 0 x 0 q2 l2.
    have [_ /(_ f2) le _] := discarded_le_projection 0 x1 0 t2 k2 i2 (or_introl (trace_leading_basis e2)).
    apply: (le_trans le); apply: (le_trans _ (longer1 _ _ _)).
    by have [-> _ _] := mode_productB (leading q1)^T 0 0 x (proj2 (leading q2) x); rewrite /proj2 mode_product12C.
  - have [_ _ /(_ e3) <-] := one_mode_error_is_discarded_eigenvalues 0 0 x q3 l3.
    have [_ _ /(_ f3) le] := discarded_le_projection 0 0 x2 t3 k3 i3 (or_introl (trace_leading_basis e3)).
    apply: (le_trans le); apply: (le_trans _ (longer1 _ _ _)); apply: (le_trans _ (longer2 _)).
    have [-> _ _] := mode_productB (leading q1)^T 0 0 x (proj3 (leading q3) x).
    rewrite /proj3 mode_product13C.
    by have [_ -> _] := mode_productB 0 (leading t2)^T 0 x1 (proj3 (leading q3) x1);
      rewrite /proj3 mode_product23C.
apply: sum; rewrite (error_of_two (fun z => proj2 (leading t2) (proj3 (leading t3) z)) x (proj1_projection _ _ o1)).
rewrite d1 -coordinates_norm1 // -addrA; congr (_ + _).
have [-> _ _] := mode_productB (leading q1)^T 0 0 x (proj2 (leading t2) (proj3 (leading t3) x)).
rewrite [mode_product1 _ (proj2 _ _)]mode_product12C [mode_product1 _ (proj3 _ _)]mode_product13C -/x1.
rewrite -/(proj3 _ _) -/(proj2 _ _) (error_of_two (proj3 (leading t3)) x1 (proj2_projection _ _ o2)).
rewrite d2 -coordinates_norm2 //; congr (_ + _); rewrite -d3.
have [_ -> _] := mode_productB 0 (leading t2)^T 0 x1 (proj3 (leading t3) x1).
by rewrite [mode_product2 _ (proj3 _ _)]mode_product23C.
Qed.

(** ST-HOSVD, too, is within a factor of three of the best tensor of its multilinear rank, although each of its steps sees only
    what the steps before have left: speed is not paid for with the guarantee. *)
Theorem sequential_truncation_within_factor_of_best (y : whole) :
  (\rank (unfold1 y) <= r1)%N -> (\rank (unfold2 y) <= r2)%N -> (\rank (unfold3 y) <= r3)%N ->
  sqnorm (x - proj1 (leading q1) (proj2 (leading t2) (proj3 (leading t3) x))) <= 3%:R * sqnorm (x - y).
Proof.
move=> y1 y2 y3; have [_ bound] := sequential_error_within_discarded_eigenvalues.
have [d1 d2 d3] := least_errors y.
apply: (le_trans bound); rewrite mulrSr mulr2n !mulrDl mul1r.
by rewrite !ler_add ?d1 ?d2 ?d3.
Qed.

End Truncation.
