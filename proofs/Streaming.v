(** One pass over a corpus: sums, Gram matrices and counts around a shift.

    A corpus is a sequence of examples, an example a sequence of tokens, a token the [L x d] matrix of its states at all
    levels. What is kept of it has a fixed size; everything the subspace is fitted from is computed from that. *)

From mathcomp Require Import all_ssreflect all_algebra.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Accumulation.

Variables (R : comRingType) (L d : nat).
Notation state := 'M[R]_(L, d).
Notation corpus := (seq (seq state)).

Record statistics := Statistics {
  shift : state;
  examples : nat;
  tokens : nat;
  sums : state;
  hidden : {ffun 'I_L -> 'M[R]_d};
  products : 'M[R]_L
}.

(** The statistics of a corpus around a shift: examples with a token, tokens, sums of shifted states, per-level hidden Gram
    matrices and products across levels. *)
Definition of_corpus (a : state) (c : corpus) : statistics :=
  Statistics a (count (fun e => e != [::]) c) (size (flatten c))
    (\sum_(t <- flatten c) (t - a))
    [ffun l => \sum_(t <- flatten c) (row l (t - a))^T *m row l (t - a)]
    (\sum_(t <- flatten c) (t - a) *m (t - a)^T).

(** The Gram matrix of [n] columns that move by [e], from the one before and the columns' sum. *)
Definition gram_moved m k (g : 'M[R]_m) (s e : 'M[R]_(m, k)) n := g + s *m e^T + e *m s^T + (e *m e^T) *+ n.

(** The same statistics around another shift, without the corpus. *)
Definition moved_to (b : state) (s : statistics) : statistics :=
  let e := shift s - b in
  Statistics b (examples s) (tokens s) (sums s + e *+ tokens s)
    [ffun l => gram_moved (hidden s l) (row l (sums s))^T (row l e)^T (tokens s)]
    (gram_moved (products s) (sums s) e (tokens s)).

(** Sums of two statistics around one shift, and the merge of any two: the second is moved to the shift of the first. *)
Definition add (s t : statistics) : statistics :=
  Statistics (shift s) (examples s + examples t) (tokens s + tokens t) (sums s + sums t)
    [ffun l => hidden s l + hidden t l] (products s + products t).
Definition merge (s t : statistics) : statistics := add s (moved_to (shift s) t).

Lemma statistics_eq (s t : statistics) :
  shift s = shift t -> examples s = examples t -> tokens s = tokens t -> sums s = sums t ->
  (forall l, hidden s l = hidden t l) -> products s = products t -> s = t.
Proof. by case: s => ? ? ? ? h ?; case: t => ? ? ? ? k ? /= -> -> -> -> /ffunP -> ->. Qed.

Lemma sum_constant (V : zmodType) (T : Type) (ts : seq T) (e : V) : \sum_(t <- ts) e = e *+ size ts.
Proof. by rewrite big_const_seq count_predT iter_addr addr0. Qed.

Lemma gram_moved_sum (T : Type) m k (ts : seq T) (y : T -> 'M[R]_(m, k)) e :
  gram_moved (\sum_(t <- ts) y t *m (y t)^T) (\sum_(t <- ts) y t) e (size ts) =
  \sum_(t <- ts) (y t + e) *m (y t + e)^T.
Proof.
rewrite /gram_moved mulmx_suml raddf_sum mulmx_sumr -sum_constant -!big_split /=; apply: eq_bigr => t _.
by rewrite [(_ + _)^T]raddfD /= mulmxDl !mulmxDr !addrA.
Qed.

Lemma gram_moved_twice m k (g : 'M[R]_m) (s e f : 'M[R]_(m, k)) n :
  gram_moved (gram_moved g s e n) (s + e *+ n) f n = gram_moved g s (e + f) n.
Proof.
have natl (a : 'M[R]_(m, k)) b : (a *+ n) *m b = (a *m b) *+ n by rewrite -!scaler_nat -scalemxAl.
have natr a (b : 'M[R]_(m, k)) : a *m (b *+ n)^T = (a *m b^T) *+ n.
  by rewrite -!scaler_nat linearZ /= -scalemxAr.
rewrite /gram_moved ![(_ + _)^T]raddfD /= !mulmxDr !mulmxDl natl.
rewrite natr !mulrnDl -!addrA; do 2!congr (_ + _).
rewrite [in RHS](addrCA ((f *m e^T) *+ n)).
rewrite (addrCA ((e *m e^T) *+ n) (s *m f^T)) (addrCA (e *m s^T) (s *m f^T)).
by rewrite (addrCA ((e *m f^T) *+ n) (f *m s^T)) (addrCA ((e *m e^T) *+ n) (f *m s^T)).
Qed.

Lemma gram_movedD m k (g h : 'M[R]_m) (s t e : 'M[R]_(m, k)) n p :
  gram_moved (g + h) (s + t) e (n + p) = gram_moved g s e n + gram_moved h t e p.
Proof.
rewrite /gram_moved [(_ + _)^T]raddfD /= mulmxDl mulmxDr mulrnDr.
by do 3![rewrite [RHS]addrACA; congr (_ + _)].
Qed.

Lemma row_split (a b t : state) l : row l (t - b) = row l (t - a) + row l (a - b).
Proof. by rewrite -raddfD /= addrA subrK. Qed.

Lemma moved_of_corpus a b c : moved_to b (of_corpus a c) = of_corpus b c.
Proof.
have split t : t - b = (t - a) + (a - b) by rewrite addrA subrK.
apply: statistics_eq => //= [|l|].
- by rewrite -sum_constant -big_split; apply: eq_bigr => t _; rewrite [RHS]split.
- rewrite !ffunE; have -> : row l (\sum_(t <- flatten c) (t - a)) = (\sum_(t <- flatten c) (row l (t - a))^T)^T.
    by rewrite !raddf_sum; apply: eq_bigr => t _ /=; rewrite trmxK.
  rewrite trmxK (eq_bigr (fun t => (row l (t - a))^T *m ((row l (t - a))^T)^T)) => [|t _]; last by rewrite trmxK.
  rewrite gram_moved_sum; apply: eq_bigr => t _.
  by rewrite -raddfD -row_split trmxK.
- by rewrite gram_moved_sum; apply: eq_bigr => t _; rewrite -split.
Qed.

Lemma add_of_corpus a c1 c2 : add (of_corpus a c1) (of_corpus a c2) = of_corpus a (c1 ++ c2).
Proof.
apply: statistics_eq => //= [||||].
- by rewrite count_cat.
- by rewrite flatten_cat size_cat.
- by rewrite flatten_cat big_cat.
- by move=> l; rewrite !ffunE flatten_cat big_cat.
- by rewrite flatten_cat big_cat.
Qed.

Lemma of_corpus_perm a c1 c2 : perm_eq c1 c2 -> of_corpus a c1 = of_corpus a c2.
Proof.
move=> c12; have flat : perm_eq (flatten c1) (flatten c2) by exact: perm_flatten.
apply: statistics_eq => //= [||||].
- by have /permP := c12.
- exact: perm_size.
- exact: perm_big.
- by move=> l; rewrite !ffunE; exact: perm_big.
- exact: perm_big.
Qed.

(** The shift is for precision only: statistics around one point say what those around any other would have said. It may be
    taken from the first batch, which knows little of the corpus, and changed once the mean is known. *)
Theorem statistics_around_another_shift a b c : moved_to b (of_corpus a c) = of_corpus b c.
Proof. exact: moved_of_corpus. Qed.

(** However a corpus is split into parts, whatever shift each part chose, and in whatever order they are merged, the result
    is what one reading of the whole gives: batches, shuffles and workers make no difference. *)
Theorem any_split_and_order_gives_the_whole_corpus a first (parts : seq (state * corpus)) whole :
  perm_eq (first ++ flatten [seq p.2 | p <- parts]) whole ->
  foldl merge (of_corpus a first) [seq of_corpus p.1 p.2 | p <- parts] = of_corpus a whole.
Proof.
move=> /(of_corpus_perm a) <-; elim: parts first => [|p parts IH] first /=; first by rewrite cats0.
by rewrite {2}/merge moved_of_corpus add_of_corpus IH catA.
Qed.

Lemma column_add l (t u : state) n : (row l (t + u *+ n))^T = (row l t)^T + (row l u)^T *+ n.
Proof. by rewrite !raddfD /= !raddfMn. Qed.

Lemma moved_twice a b s : moved_to b (moved_to a s) = moved_to b s.
Proof.
have split : shift s - b = (shift s - a) + (a - b) by rewrite addrA subrK.
apply: statistics_eq => //= [|l|]; rewrite ?ffunE split; move: (shift s - a) (a - b) => e f.
- by rewrite mulrnDl addrA.
- by rewrite column_add -[in RHS](mulr1n f) column_add mulr1n gram_moved_twice.
- by rewrite gram_moved_twice.
Qed.

Lemma moved_add b s t : shift t = shift s -> moved_to b (add s t) = add (moved_to b s) (moved_to b t).
Proof.
move=> ts; apply: statistics_eq => //= [|l|].
- by rewrite ts mulrnDr addrACA.
- by rewrite !ffunE ts -[sums t]mulr1n column_add mulr1n gram_movedD mulr1n.
- by rewrite ts gram_movedD.
Qed.

(** Merging partial results is associative, exactly and for any three of them, whatever shifts they were taken around: a tree
    of workers may merge as it likes, and a chain of batches is one such tree. *)
Theorem merging_is_associative s t u : merge (merge s t) u = merge s (merge t u).
Proof.
rewrite /merge moved_add // moved_twice.
apply: statistics_eq => //= [||||]; rewrite ?addnA ?addrA // => l.
by rewrite !ffunE addrA.
Qed.

(** It is commutative too, once both results are read around one shift (a merge keeps the first one's): which worker ends
    first makes no difference. *)
Theorem merging_is_commutative b s t : moved_to b (merge s t) = moved_to b (merge t s).
Proof.
rewrite /merge !moved_add // !moved_twice.
apply: statistics_eq => //= [||||]; rewrite 1?addnC 1?addrC // => l.
by rewrite !ffunE addrC.
Qed.

End Accumulation.

Section Standardisation.

Variables (R : rcfType) (L d : nat).
Notation state := 'M[R]_(L, d).
Notation corpus := (seq (seq state)).
Implicit Types (c : corpus) (m t : state) (s : statistics R L d).

(** A level that never moves has no scale and is left as it is. *)
Definition or_one (r : R) := if r == 0 then 1 else r.

(** What is meant, from the whole corpus: its mean state, the root mean square of every level around a centre, and a
    standardised state. Around the mean this is [full], around zero [scale]. *)
Definition mean_state c : state := (size (flatten c))%:R^-1 *: \sum_(t <- flatten c) t.
Definition rms c m l : R :=
  or_one (Num.sqrt ((\sum_(t <- flatten c) \sum_j (t l j - m l j) ^+ 2) / ((size (flatten c))%:R * d%:R))).
Definition standardised c m t : state := \matrix_(l, j) ((t l j - m l j) / rms c m l).

(** What is computed, from the statistics alone. *)
Definition mean_from s : state := shift s + (tokens s)%:R^-1 *: sums s.
Definition rms_from s m l : R :=
  or_one (Num.sqrt (products (moved_to m s) l l / ((tokens s)%:R * d%:R))).
Definition layer_gram_from s m : 'M[R]_L :=
  \matrix_(l, k) (products (moved_to m s) l k / rms_from s m l / rms_from s m k).
Definition hidden_gram_from s m : 'M[R]_d :=
  \sum_l (rms_from s m l)^-1 ^+ 2 *: hidden (moved_to m s) l.

Lemma mean_from_corpus a c : (0 < size (flatten c))%N -> mean_from (of_corpus a c) = mean_state c.
Proof.
move=> n0; rewrite /mean_from /mean_state /= sumrB sum_constant scalerBr -scaler_nat scalerA.
by rewrite mulVf ?scale1r 1?addrC ?subrK // pnatr_eq0 -lt0n.
Qed.

Lemma rms_from_corpus a c m l : rms_from (of_corpus a c) m l = rms c m l.
Proof.
rewrite /rms_from /rms moved_of_corpus /= summxE; congr (or_one (Num.sqrt (_ / _))).
apply: eq_bigr => t _; rewrite mxE; apply: eq_bigr => j _.
by rewrite !mxE expr2.
Qed.

Lemma layer_gram_from_corpus a c m :
  layer_gram_from (of_corpus a c) m = \sum_(t <- flatten c) standardised c m t *m (standardised c m t)^T.
Proof.
apply/matrixP => l k; rewrite mxE !rms_from_corpus moved_of_corpus /= !summxE !mulr_suml.
apply: eq_bigr => t _; rewrite !mxE !mulr_suml; apply: eq_bigr => j _.
by rewrite !mxE mulrACA -invfM -mulrA -invfM.
Qed.

Lemma hidden_gram_from_corpus a c m :
  hidden_gram_from (of_corpus a c) m = \sum_(t <- flatten c) (standardised c m t)^T *m standardised c m t.
Proof.
apply/matrixP => i j; rewrite !summxE.
under [RHS]eq_bigr => t _ do rewrite mxE.
rewrite exchange_big; apply: eq_bigr => l _.
rewrite mxE rms_from_corpus moved_of_corpus /= ffunE summxE mulr_sumr; apply: eq_bigr => t _.
rewrite mxE big_ord1 !mxE expr2 mulrACA [(rms c m l)^-1 * _]mulrC.
by rewrite [(rms c m l)^-1 * _]mulrC.
Qed.

(** Nothing taken out and a scale of one for every level: the statistics around zero hold the Gram matrices of the states. *)
Lemma grams_of_states a c (s := moved_to 0 (of_corpus a c)) :
  products s = \sum_(t <- flatten c) t *m t^T /\ \sum_l hidden s l = \sum_(t <- flatten c) t^T *m t.
Proof.
rewrite /s moved_of_corpus /=; split; first by apply: eq_bigr => t _; rewrite subr0.
under eq_bigr do rewrite ffunE; rewrite exchange_big; apply: eq_bigr => t _ /=.
apply/matrixP => i j; rewrite summxE [RHS]mxE; apply: eq_bigr => l _.
by rewrite subr0 mxE big_ord1 !mxE.
Qed.

(** One pass is enough although the scale is known only at its end: mean, scales and both Gram matrices of the corpus,
    centred and scaled afterwards, follow from the statistics, whatever the shift. With [m] the mean this is [full], with
    [m = 0] it is [scale]; the last two equations are [none], so the spectra under all three come out of one pass. *)
Theorem one_pass_gives_full_and_scale a c (s := of_corpus a c) : (0 < size (flatten c))%N ->
  [/\ mean_from s = mean_state c,
      forall m, m = mean_from s \/ m = 0 ->
      [/\ forall l, rms_from s m l = rms c m l,
          layer_gram_from s m = \sum_(t <- flatten c) standardised c m t *m (standardised c m t)^T &
          hidden_gram_from s m = \sum_(t <- flatten c) (standardised c m t)^T *m standardised c m t],
      products (moved_to 0 s) = \sum_(t <- flatten c) t *m t^T &
      \sum_l hidden (moved_to 0 s) l = \sum_(t <- flatten c) t^T *m t].
Proof.
move=> n0; have [layer hidden] := grams_of_states a c; split=> //; first exact: mean_from_corpus.
by move=> m _; split=> [l||]; [exact: rms_from_corpus | exact: layer_gram_from_corpus | exact: hidden_gram_from_corpus].
Qed.

(** Under [full] every component has mean zero, and every level that moves has mean square one: levels and models of any
    scale are compared on one footing. *)
Theorem full_standardisation_has_mean_zero_and_scale_one c l j (m := mean_state c) :
  (0 < size (flatten c))%N ->
  \sum_(t <- flatten c) standardised c m t l j = 0 /\
  (\sum_(t <- flatten c) \sum_k (t l k - m l k) ^+ 2 != 0 ->
    \sum_(t <- flatten c) \sum_k standardised c m t l k ^+ 2 = (size (flatten c))%:R * d%:R).
Proof.
move=> n0; have nz : (size (flatten c))%:R != 0 :> R by rewrite pnatr_eq0 -lt0n.
have dz : d%:R != 0 :> R by rewrite pnatr_eq0 -lt0n (leq_ltn_trans _ (ltn_ord j)).
split=> [|moves].
  under eq_bigr => t _ do rewrite mxE.
  rewrite -mulr_suml sumrB sum_constant /m /mean_state mxE summxE -mulr_natl mulrA mulfV //.
  by rewrite mul1r subrr mul0r.
under eq_bigr => t _ do under eq_bigr => k _ do rewrite mxE expr_div_n.
under eq_bigr => t _ do rewrite -mulr_suml.
rewrite -mulr_suml /rms -/m; set e := \sum_(t <- _) _ in moves *.
have e0 : 0 <= e by apply: sumr_ge0 => t _; apply: sumr_ge0 => k _; rewrite sqr_ge0.
have q0 : 0 < e / ((size (flatten c))%:R * d%:R).
  by rewrite divr_gt0 ?mulr_gt0 ?lt_neqAle ?ler0n ?e0 1?eq_sym ?nz ?dz ?moves.
rewrite /or_one gt_eqF ?sqrtr_gt0 // sqr_sqrtr ?(ltW q0) // invf_div mulrCA mulfV ?mulr1 //.
Qed.

End Standardisation.
